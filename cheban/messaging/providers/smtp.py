"""E-mail by SMTP (RFC 5321). What was lost after the end of DATA may have gone out; before it, it surely did not."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr

from cheban.core import clock
from cheban.messaging.channels import Accepted, Busy, Letter, Outcome, Turned, Unsure, said

SECONDS = 20
LINES = SMTP.clone(max_line_length=400)  # an address in a header is not broken up and encoded
LOCAL = ("127.0.0.1", "::1", "localhost")


class Smtp:
    """A mailbox of the store. Every letter has its own connection: few are sent, and a stale one is never met."""

    def __init__(self, account_id: str, settings: Mapping[str, str]) -> None:
        self._host, self._port = settings["host"], int(settings["port"])
        self._security = settings["security"]
        self._login, self._password = settings.get("login", ""), settings.get("password", "")
        self._sender = settings["sender"]

    def send(self, letter: Letter) -> Outcome:
        """See channels.Channel."""
        try:
            message = self._message(letter)
        except (ValueError, IndexError, MessageError):  # an address that no header can hold
            return Turned("address not an e-mail address")
        try:
            line = self._connect()
        except ssl.SSLError as error:
            return Busy(300, said("certificate", error.reason))
        except smtplib.SMTPResponseException as error:  # the account is refused, not this letter: it waits
            return Busy(300, _said(error.smtp_code, error.smtp_error))
        except (OSError, smtplib.SMTPException) as error:
            return Busy(60, f"no_connection {type(error).__name__}")
        try:
            return self._hand_over(line, message, letter.address)
        finally:
            line.close()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._security == "ssl":
            line: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=SECONDS, context=context)
        else:
            line = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
        try:
            if self._security == "starttls":
                line.starttls(context=context)
            elif self._security == "none" and self._host not in LOCAL:
                raise smtplib.SMTPException("no encryption beyond this machine")
            if self._login:
                line.login(self._login, self._password)
        except BaseException:
            line.close()
            raise
        return line

    def _hand_over(self, line: smtplib.SMTP, message: EmailMessage, address: str) -> Outcome:
        begun = False
        try:
            line.ehlo_or_helo_if_needed()
            for code, words in (line.mail(parseaddr(self._sender)[1]), line.rcpt(address)):
                if code >= 300:
                    return _refused(code, words)
            begun = True  # `data` waits for 354 first, but does not say how far it came
            code, words = line.data(message.as_bytes())
        except smtplib.SMTPDataError as error:  # DATA itself was refused
            return _refused(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            name = type(error).__name__
            return Unsure(f"no_answer {name}") if begun else Busy(60, f"no_connection {name}")
        if code >= 300:
            return _refused(code, words)
        return Accepted(letter_id(message))

    def _message(self, letter: Letter) -> EmailMessage:
        name, address = parseaddr(self._sender)
        message = EmailMessage(policy=LINES)
        message["From"] = Address(name, addr_spec=address)
        message["To"] = Address(addr_spec=letter.address)
        message["Subject"] = letter.title or letter.text[:40]
        message["Date"] = formatdate(clock.now().timestamp(), localtime=False)
        message["Message-ID"] = f"<{letter.request_id}@{address.rpartition('@')[2]}>"
        if letter.is_marketing:
            message["List-Unsubscribe"] = f"<mailto:{address}?subject=unsubscribe>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text, cte="base64")
        return message

    def status(self, letter: Letter) -> Outcome | None:
        """See channels.Channel."""
        return None


def letter_id(message: EmailMessage) -> str:
    """The Message-ID without its brackets."""
    return str(message["Message-ID"]).strip("<>")[:64]


def _said(code: int, words: bytes | str) -> str:
    return said(code, words.decode("utf-8", "replace") if isinstance(words, bytes) else words)


def _refused(code: int, words: bytes | str) -> Outcome:
    """4yz: later; 5yz: never (RFC 5321, 4.2.1)."""
    return Busy(300, _said(code, words)) if 400 <= code < 500 else Turned(_said(code, words))
