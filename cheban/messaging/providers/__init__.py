"""The providers: one row each says what an account of it needs, and what makes a channel of it. R044, Y07.

A provider is a module beside this one with a class that is a `channels.Channel`. A new one needs a row here, a row in
`pace.PACES` if its channel is new, and words for the answers that people meet most (`answers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.messaging.channels import Channel
from cheban.messaging.models import Message
from cheban.messaging.providers import aliyun, robot, smtp, wecom


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of an account. A secret one is sealed and never shown again. `choices` are (value, label)."""

    name: str
    label: Any
    hint: Any = ""
    is_secret: bool = False
    is_required: bool = True
    default: str = ""
    choices: tuple[tuple[str, Any], ...] = ()
    is_url: bool = False
    digits: bool = False
    per_kind: bool = False  # one line per kind of message: 'kind=code'


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the house knows it. `to` says where a test goes; '' when it needs no address."""

    code: str
    channel: str
    title: Any
    about: Any
    make: Callable[[str, Mapping[str, str]], Channel]
    settings: tuple[Setting, ...]
    to: Any = ""
    answers: Mapping[str, Any] = field(default_factory=dict)

    def meaning(self, said: str) -> str:
        """An answer in words that say what to do; '' for one without."""
        return str(self.answers.get(said.partition(" ")[0], ""))


_WECOM_API = Setting("endpoint", _("接口地址"), _("私有部署时才改"), default="https://qyapi.weixin.qq.com", is_url=True)
_WECOM_ANSWERS = {
    "-1": _("企业微信系统繁忙，稍后会再试"),
    "40001": _("Secret 不对，请到应用详情页重新复制"),
    "40013": _("企业 ID 不对，请到“我的企业”页核对"),
    "40056": _("AgentId 不对，请到应用详情页核对"),
    "45009": _("超过企业微信的频率上限，稍后会再试"),
    "60011": _("应用没有这位成员的可见权限，请在应用的可见范围里加上"),
    "60020": _("服务器的 IP 不在应用的“企业可信 IP”里，请加上"),
    "81013": _("成员不存在，或不在应用的可见范围里"),
    "93000": _("机器人的 key 不对，或机器人已被移出群"),
    "93017": _("机器人已被停用或移出群"),
    "301002": _("AgentId 与 Secret 不是同一个应用的"),
}

PROVIDERS = {
    row.code: row
    for row in (
        Provider(
            "wecom",
            Message.Channel.WECOM,
            _("企业微信应用消息"),
            _("同事在企业微信里收到提醒，点按钮直接打开车伴"),
            wecom.Wecom,
            (
                Setting("corp_id", _("企业 ID")),
                Setting("agent_id", "AgentId", digits=True),
                Setting("secret", "Secret", is_secret=True),
                Setting("site", _("车伴的网址"), _("按钮打开的地址，须是应用的可信域名"), is_url=True),
                _WECOM_API,
            ),
            to=_("成员的 UserID"),
            answers=_WECOM_ANSWERS,
        ),
        Provider(
            "wecom_robot",
            Message.Channel.ROBOT,
            _("企业微信群机器人"),
            _("红色警报发到门店的群里"),
            robot.Robot,
            (
                Setting("key", _("Webhook 的 key"), _("地址里 key= 后面的一段"), is_secret=True),
                Setting(
                    "also",
                    _("除了红色警报，还发"),
                    choices=(("nothing", _("别的不发")), ("conversations", _("客户在服务群的提问"))),
                    default="nothing",
                ),
                _WECOM_API,
            ),
            answers=_WECOM_ANSWERS,
        ),
        Provider(
            "aliyun",
            Message.Channel.SMS,
            _("阿里云短信"),
            _("通知和营销短信；文字以审核通过的模板为准"),
            aliyun.Aliyun,
            (
                Setting("access_key_id", "AccessKey ID"),
                Setting("access_key_secret", "AccessKey Secret", is_secret=True),
                Setting("sign_name", _("短信签名"), _("审核通过的签名，不带【】")),
                Setting("templates", _("模板"), _("每行一类消息：类别=模板代码"), per_kind=True),
                Setting("endpoint", _("接口地址"), default="https://dysmsapi.aliyuncs.com", is_url=True),
            ),
            to=_("手机号"),
            answers={
                "no_template": _("这类消息还没有填模板代码，请在账号里加上一行"),
                "isv.BUSINESS_LIMIT_CONTROL": _("超过阿里云对一个号码的频率上限，稍后会再试"),
                "isv.DAY_LIMIT_CONTROL": _("超过您在阿里云设的每日上限，明天会再试"),
                "isv.MOBILE_NUMBER_ILLEGAL": _("手机号不对，请核对客户资料"),
                "isv.AMOUNT_NOT_ENOUGH": _("阿里云账户余额不足，请充值"),
                "isv.OUT_OF_SERVICE": _("阿里云账户已停机，请充值"),
                "isv.SMS_SIGNATURE_ILLEGAL": _("短信签名不存在或没有通过审核"),
                "isv.SMS_TEMPLATE_ILLEGAL": _("模板不存在或没有通过审核"),
                "isv.TEMPLATE_MISSING_PARAMETERS": _("模板里的变量与这类消息的字段不一致"),
                "isv.BLACK_KEY_CONTROL_LIMIT": _("变量里有阿里云禁止的词"),
                "InvalidAccessKeyId.NotFound": _("AccessKey ID 不存在，请重新复制"),
                "SignatureDoesNotMatch": _("AccessKey Secret 不对，请重新复制"),
            },
        ),
        Provider(
            "smtp",
            Message.Channel.EMAIL,
            _("邮件（SMTP）"),
            _("用门店自己的邮箱发信"),
            smtp.Smtp,
            (
                Setting("host", _("服务器"), "smtp.exmail.qq.com"),
                Setting("port", _("端口"), default="465", digits=True),
                Setting(
                    "security",
                    _("加密"),
                    choices=(("ssl", "SSL/TLS"), ("starttls", "STARTTLS"), ("none", _("不加密（只限本机）"))),
                    default="ssl",
                ),
                Setting("login", _("用户名"), is_required=False),
                Setting("password", _("密码或授权码"), is_secret=True, is_required=False),
                Setting("sender", _("发件人"), _("例如 浦东店 <service@example.com>")),
            ),
            to=_("邮箱"),
            answers={
                "no_connection": _("连不上邮件服务器，请核对地址、端口和加密方式"),
                "certificate": _("邮件服务器的证书不可信，没有继续"),
                "535": _("用户名或授权码不对"),
                "550": _("对方邮箱不存在或拒收"),
                "552": _("对方邮箱已满"),
            },
        ),
    )
}
"""Code -> provider."""


def meaning_of(channel: str, said: str) -> str:
    """What an answer of a channel's provider means, in words that say what to do; '' for one without."""
    found = (provider.meaning(said) for provider in PROVIDERS.values() if provider.channel == channel)
    return next((words for words in found if words), "") if said else ""
