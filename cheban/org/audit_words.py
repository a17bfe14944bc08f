"""What an audit row says, in words: one table for all rooms. A test fails for an action that is missing here. R019."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "absence.cancelled": _("取消不在岗"),
    "absence.entered": _("登记不在岗"),
    "audit.alarmed": _("告警：短时间查看或导出过多"),
    "audit.exported": _("导出审计记录"),
    "calendar.day_set": _("修改营业日历的一天"),
    "calendar.seeded": _("填入全年放假安排"),
    "calendar.week_set": _("修改每周营业时间"),
    "channel.changed": _("修改消息渠道"),
    "channel.made": _("接通消息渠道"),
    "channel.member_removed": _("取消同事的企业微信账号"),
    "channel.member_set": _("登记同事的企业微信账号"),
    "channel.removed": _("删除消息渠道"),
    "channel.switched_off": _("停用消息渠道"),
    "channel.switched_on": _("启用消息渠道"),
    "channel.tested": _("测试消息渠道"),
    "customer.merged": _("合并重复档案"),
    "customer.unmerged": _("拆回合并的档案"),
    "customers.exported": _("导出客户名单"),
    "exports.exported": _("导出导出记录"),
    "export.downloaded": _("下载导出的文件"),
    "export.written": _("导出文件已生成"),
    "imports.exported": _("导出导入记录"),
    "import.undone": _("撤销导入"),
    "import.uploaded": _("上传导入文件"),
    "import.written": _("导入写入客户资料"),
    "keys.made": _("生成加密钥匙"),
    "keys.master_changed": _("更换主密钥"),
    "keys.retired": _("停用旧的加密钥匙"),
    "keys.rotated": _("轮换加密钥匙"),
    "message.capped": _("修改消息次数上限"),
    "message.quiet_hours": _("修改免打扰时段"),
    "message.resent": _("再发一次消息"),
    "message.worded": _("修改消息文字"),
    "person.copied": _("出具个人信息副本"),
    "person.erased": _("删除个人信息"),
    "pii.revealed": _("查看完整号码或地址"),
    "retention.chosen": _("修改保存期限"),
    "rule.changed": _("调整规则"),
    "second_factor.added": _("添加第二重验证"),
    "second_factor.removed": _("移除第二重验证"),
    "second_factor.renewed": _("更换备用验证码"),
    "security.changed": _("修改登录安全规定"),
    "session.began": _("登录"),
    "session.by_wecom": _("用企业微信登录"),
    "session.ended": _("退出登录"),
    "session.wecom_linked": _("绑定企业微信"),
    "sso.linked": _("绑定单点登录"),
    "sso.unlinked": _("解除单点登录"),
    "staff.activated": _("恢复同事的登录"),
    "staff.added": _("添加同事"),
    "staff.exported": _("导出人员名单"),
    "staff.password_reset": _("重设同事的密码"),
    "staff.roles_set": _("修改同事的角色"),
    "staff.stopped": _("停用同事的登录"),
    "token.made": _("建立接口令牌"),
    "token.revoked": _("撤销接口令牌"),
    "training.added": _("安排培训"),
    "training.confirmed": _("完成培训"),
    "training.ended": _("结束培训"),
    "training.invited": _("邀请同事参加培训"),
    "training.rewritten": _("修改培训材料"),
    "trainings.exported": _("导出培训记录"),
    "vehicle.added": _("登记车辆"),
    "vehicle.changed": _("修改车辆"),
    "view.deleted": _("删除列表视图"),
    "view.shared": _("与门店共用列表视图"),
    "view.unshared": _("不再共用列表视图"),
    "wall.revoked": _("撤销大屏链接"),
    "wall.shared": _("建立大屏链接"),
    "webhook.activated": _("启用事件推送"),
    "webhook.changed": _("修改事件推送"),
    "webhook.made": _("建立事件推送"),
    "webhook.removed": _("删除事件推送"),
    "webhook.secret_changed": _("更换推送的签名密钥"),
    "webhook.sent_again": _("再推送一次"),
    "webhook.stopped": _("停用事件推送"),
}


def words(action: str) -> str:
    """The action in the reader's language; the code itself for one of an older version that nobody knows any more."""
    return str(ACTIONS.get(action, action))


def found_by(text: str) -> list[str]:
    """Actions whose words or code hold this text, in the reader's language."""
    asked = text.casefold()
    return [code for code in ACTIONS if asked in code or asked in str(ACTIONS[code]).casefold()]
