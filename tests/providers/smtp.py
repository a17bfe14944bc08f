"""A mail server on this machine (RFC 5321, AUTH PLAIN), that fails where it is told to."""

from __future__ import annotations

import base64
import contextlib
import socketserver
import threading


class MailServer:
    """`fail` maps a verb (RCPT, DATA, END, AUTH, GREET) to the answer given there, or to 'drop' to close the line.

    What arrived whole stands in `letters` as (sender, receiver, text).
    """

    def __init__(self, *, login: str = "", password: str = "", tls=None) -> None:
        self.letters: list[tuple[str, str, bytes]] = []
        self.fail: dict[str, str] = {}
        self.login, self.password, self.tls = login, password, tls
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line: str) -> bool:
                self.wfile.write(line.encode() + b"\r\n")
                return True

            def failing(self, verb: str) -> bool:
                how = server.fail.get(verb)
                if how == "drop":
                    raise ConnectionAbortedError
                return self.say(how) if how else False

            def handle(self) -> None:
                with contextlib.suppress(ConnectionAbortedError, ValueError):
                    self.talk()

            def talk(self) -> None:
                if self.failing("GREET"):
                    return
                self.say("220 mail.test ESMTP")
                signed_in, sender, receiver = not server.login, "", ""
                while line := self.rfile.readline().decode().strip():
                    verb = line.split()[0].upper()
                    if verb == "EHLO":
                        self.say("250-mail.test")
                        if server.tls:
                            self.say("250-STARTTLS")
                        self.say("250 AUTH PLAIN" if server.login else "250 8BITMIME")
                    elif verb == "STARTTLS":
                        self.say("220 go ahead")
                        line = server.tls.wrap_socket(self.connection, server_side=True)
                        self.rfile, self.wfile = line.makefile("rb"), line.makefile("wb", buffering=0)
                    elif verb == "AUTH":
                        told = base64.b64decode(line.split()[2]).split(b"\0")
                        signed_in = told[1:] == [server.login.encode(), server.password.encode()]
                        self.say("235 ok" if signed_in else "535 Error: authentication failed")
                    elif verb == "MAIL":
                        sender = line.partition("<")[2].partition(">")[0]
                        self.say("250 ok" if signed_in else "530 Authentication required")
                    elif verb == "RCPT":
                        receiver = line.partition("<")[2].partition(">")[0]
                        self.failing("RCPT") or self.say("250 ok")
                    elif verb == "DATA":
                        if self.failing("DATA"):
                            continue
                        self.say("354 go on")
                        text = b""
                        while (part := self.rfile.readline()) != b".\r\n":
                            text += part
                        server.letters.append((sender, receiver, text))
                        self.failing("END") or self.say("250 queued as 7F3A")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True

            def handle_error(self, *_args: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def settings(self, **more: str) -> dict[str, str]:
        """As typed into the account's form."""
        return {
            "host": "127.0.0.1",
            "port": str(self.server.server_address[1]),
            "security": "none",
            "login": self.login,
            "password": self.password,
            "sender": "浦东店 <service@pd1.example.com>",
        } | more

    def __enter__(self):
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
