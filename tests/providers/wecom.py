"""WeCom as its documents describe it: gettoken, message/send, webhook/send, auth/getuserinfo."""

from __future__ import annotations

from tests.providers.http import Answer, Asked, Provider


class WecomServer(Provider):
    """One company with one application, some members and one group robot.

    `say` is a queue of answers that replace the next ones of message/send or webhook/send.
    """

    CORP, SECRET, AGENT, KEY = "ww1234567890abcdef", "S3cretOfTheApplication", 1000002, "693a91f6-7xxx-4bc4-97a0"

    def __init__(self) -> None:
        super().__init__()
        self.members = {"zhangsan", "lisi"}
        self.tokens: list[str] = []
        self.sent: list[dict] = []
        self.said: list[str] = []
        self.codes = {}
        self.say: list[Answer] = []
        self.ip_is_trusted = True

    def settings(self, **more: str) -> dict[str, str]:
        """As typed into the account's form."""
        return {
            "corp_id": self.CORP,
            "agent_id": str(self.AGENT),
            "secret": self.SECRET,
            "site": "https://cheban.example.com",
            "endpoint": self.url,
        } | more

    def robot(self, **more: str) -> dict[str, str]:
        """As typed into a robot's form."""
        return {"key": self.KEY, "endpoint": self.url} | more

    def expire_tokens(self) -> None:
        """As after two hours."""
        self.tokens.clear()

    def answer(self, asked: Asked) -> Answer:
        """By path."""
        if asked.path == "/cgi-bin/gettoken":
            return self._token(asked.query)
        if asked.path == "/cgi-bin/webhook/send":
            if asked.query.get("key") != self.KEY:
                return self._no(93000, "invalid webhook url")
            return self._take(asked, lambda body: self.said.append(body["text"]["content"]))
        if not self.ip_is_trusted:
            return self._no(60020, "not allow to access from your ip")
        if asked.query.get("access_token") not in self.tokens:
            return self._no(42001 if asked.query.get("access_token") else 41001, "access_token expired")
        if asked.path == "/cgi-bin/auth/getuserinfo":
            code = asked.query.get("code", "")
            if code not in self.codes:
                return self._no(40029, "invalid code")
            return Answer({"errcode": 0, "errmsg": "ok", "userid": self.codes.pop(code)})  # a code counts once
        if asked.path == "/cgi-bin/message/send":
            return self._message(asked)
        return Answer({}, status=404)

    def _token(self, query: dict[str, str]) -> Answer:
        if query.get("corpid") != self.CORP:
            return self._no(40013, "invalid corpid")
        if query.get("corpsecret") != self.SECRET:
            return self._no(40001, "invalid credential")
        self.tokens.append(f"token-{len(self.tokens)}-{len(self.asked)}")
        return Answer({"errcode": 0, "errmsg": "ok", "access_token": self.tokens[-1], "expires_in": 7200})

    def _message(self, asked: Asked) -> Answer:
        body = asked.json
        if body.get("agentid") != self.AGENT:
            return self._no(40056, "invalid agentid")
        card = body.get("textcard", {})
        if body.get("msgtype") != "textcard" or not all(card.get(name) for name in ("title", "description", "url")):
            return self._no(40008, "invalid message type")
        if len(card["title"].encode()) > 128 or len(card["description"].encode()) > 512 or len(card["url"]) > 2048:
            return self._no(40058, "invalid Request Parameter")
        users = [user for user in body.get("touser", "").split("|") if user]
        if not set(users) & self.members:
            return self._no(81013, "user & party & tag all invalid")
        return self._take(asked, self.sent.append)

    def _take(self, asked: Asked, keep) -> Answer:
        instead = self.say.pop(0) if self.say else None
        if instead is None or instead.drop:
            keep(asked.json)
        return instead or Answer({"errcode": 0, "errmsg": "ok", "msgid": f"msg-{len(self.sent)}"})

    @staticmethod
    def _no(code: int, words: str) -> Answer:
        return Answer({"errcode": code, "errmsg": words})


TOO_OFTEN = Answer({"errcode": 45009, "errmsg": "reach max api daily quota limit"})
DROPPED = Answer(drop=True)
