"""The fields an import understands and the headings that systems give them: one readable table.

Headings are compared after `normalise`: full width narrowed, blanks, brackets with their content, signs removed,
letters small. Sources: real dealer systems' export lists, printed forms, and what people call things.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its code, type (see values.py), label for people, headings in Chinese and English."""

    code: str
    type: str
    label: str
    headings: tuple[str, ...]
    many: bool = False  # several columns may fill it


def _f(code: str, type_: str, label: str, headings: str, *, many: bool = False) -> Field:
    return Field(code, type_, label, tuple(h for h in headings.split() if h), many)


FIELDS: tuple[Field, ...] = (
    # the person
    _f(
        "customer_no",
        "code",
        "客户编号",
        "客户编号 车主编号 潜客编号 客户代码 客户号 客户id 会员编号 车主/客户编号 顾客编号 customerno customerid customernumber custid clientid",
    ),
    _f(
        "name",
        "name",
        "客户姓名",
        "客户名称 客户姓名 车主 车主名称 车主姓名 车主/客户姓名 姓名 名称 客户 顾客姓名 顾客 联系人姓名 购车人 购车客户 单位名称 公司名称 开票客户 被保险人 投保人 互助会员姓名 客户全称 name customer customername owner ownername fullname client buyer insured",
    ),
    _f(
        "kind",
        "kind",
        "客户类型",
        "客户类别 客户类型 车主性质 客户性质 车主类型 个人/单位 customertype ownertype customerkind",
    ),
    _f(
        "mobile",
        "phone",
        "手机",
        "手机 手机号 手机号码 移动电话 车主手机 客户手机 联系电话 联系方式 电话 电话号码 客户电话 车主电话 车主联系电话 联系人手机 联系人电话 联络电话 常用电话 手机1 手机2 电话1 电话2 备用电话 备用手机 其他电话 本人电话 mobile phone cell cellphone mobilephone phonenumber tel telephone contactnumber contactphone",
        many=True,
    ),
    _f(
        "landline",
        "phone",
        "座机",
        "固定电话 座机 家庭电话 办公电话 住宅电话 单位电话 宅电 landline homephone officephone",
        many=True,
    ),
    _f("gender", "gender", "性别", "性别 车主性别 客户性别 gender sex"),
    _f(
        "birth_on",
        "birthday",
        "生日",
        "出生日期 生日 出生年月 出生年月日 客户生日 车主生日 公历生日 birthday birthdate dateofbirth dob",
    ),
    _f("lunar_birthday", "lunar", "农历生日", "农历生日 阴历生日"),
    _f(
        "id_number",
        "id_number",
        "证件号码",
        "证件号码 证件号 身份证号 身份证号码 身份证 互助会员身份证号 idnumber idcard nationalid",
    ),
    _f("occupation", "text", "职业", "职业 occupation job profession"),
    _f("wechat", "text", "微信", "微信 微信号 wechat wechatid"),
    _f("email", "email", "邮箱", "邮箱 电子邮箱 电子邮件 email mail emailaddress"),
    _f("province", "text", "省份", "省份 省 所在省 province state"),
    _f("city", "text", "城市", "城市 市 所在城市 city town"),
    _f("district", "text", "区县", "区县 区 县 所在区县 district county"),
    _f(
        "address",
        "text",
        "地址",
        "地址 车主地址 客户地址 联系地址 详细地址 通讯地址 联系人详细地址 家庭住址 住址 address street",
    ),
    _f("tier", "tier", "等级", "客户等级 会员等级 vip等级 等级 membertier tier vip级别"),
    _f("tags", "tags", "标签", "标签 客户标签 tags"),
    _f("source", "source", "客户来源", "客户来源 信息来源 来源渠道 source"),
    _f("preferred_channel", "channel", "偏好联系方式", "偏好联系方式 偏好渠道 preferredchannel"),
    _f("remarks", "text", "备注", "备注 客户备注 说明 备注说明 remark remarks note notes comment"),
    # the vehicle
    _f(
        "plate",
        "plate",
        "车牌号",
        "车牌号 车牌 车牌号码 号牌号码 号牌 牌照号 牌照 车号 车辆号牌 plate plateno platenumber licenseplate licenceplate registrationnumber regno",
    ),
    _f(
        "vin",
        "vin",
        "车架号",
        "车架号 车架号码 vin vin码 vin号 底盘号 车辆识别代号 车辆识别代码 车辆识别号 识别代码 大架号 vinno vinnumber chassis chassisno chassisnumber",
    ),
    _f("brand", "text", "品牌", "品牌 车辆品牌 品牌名称 厂牌 brand make"),
    _f("series", "text", "车系", "车系 车系名称 意向车系 series carseries"),
    _f(
        "model",
        "text",
        "车型",
        "车型 车型名称 车型型号 厂牌型号 车辆型号 车款 款型 品牌型号 vehicletype model vehiclemodel carmodel",
    ),
    _f("trim", "text", "配置", "配置 配置型号 配置名称 版本 trim configuration"),
    _f("colour", "text", "颜色", "颜色 车身颜色 外观颜色 外色 车色 color colour"),
    _f("energy", "energy", "动力类型", "燃料类型 能源类型 动力类型 燃料种类 能源 fuel fueltype energy energytype"),
    _f("engine_no", "code", "发动机号", "发动机号 发动机号码 发动机号/电动机号 电机号 engineno enginenumber"),
    _f("seats", "int", "座位数", "座位数 核定载客 座位 seats"),
    _f("use", "use", "用途", "使用性质 车辆用途 用途 车辆性质 use usage"),
    _f(
        "price_fen",
        "money",
        "车价",
        "购车价格 成交价 成交价格 车价 车辆价格 销售价格 裸车价 开票价格 购车金额 price saleprice",
    ),
    _f("made_on", "past_date", "生产日期", "生产日期 制造日期 出厂年月 madeon manufacturedate productiondate"),
    _f(
        "purchased_on",
        "past_date",
        "购车日期",
        "购车日期 购车时间 销售日期 车辆销售日期 开票日期 提车日期 购买日期 交付日期 saledate solddate purchasedate dateofsale purchasedon soldon deliverydate",
    ),
    _f(
        "registered_on",
        "past_date",
        "上牌日期",
        "上牌日期 上牌时间 注册日期 车辆注册日期 登记日期 初次登记日期 初登日期 registrationdate registeredon",
    ),
    _f("first_service_on", "date", "首保日期", "首保日期 首保时间"),
    _f(
        "warranty_until",
        "date",
        "保修到期",
        "保修结束日期 保修到期 保修到期日 质保到期 质保到期日 保修截止日期 质保截止日期 warrantyend warrantyuntil warrantyexpiry",
    ),
    _f(
        "inspection_due_on",
        "date",
        "年检到期",
        "年检到期日 年检到期 年检日期 年检到期日期 年审日期 年审到期 年审到期日 检验有效期 检验有效期至 验车日期 inspectiondue inspectiondate",
    ),
    _f(
        "insurer",
        "text",
        "保险公司",
        "保险公司 投保公司 承保公司 最近一次投保保险公司 保险公司名称 insurer insurancecompany",
    ),
    _f("policy_no", "code", "保单号", "保单号 保单号码 商业险保单号 policyno policynumber"),
    _f(
        "compulsory_until",
        "date",
        "交强险到期",
        "交强险到期 交强险到期日 交强保险到期日 交强险到期日期 交强险终止日期 交强到期 compulsoryuntil",
    ),
    _f(
        "insurance_until",
        "date",
        "商业险到期",
        "商业险到期 商业险到期日 商业保险到期日 商业险到期日期 商业险终止日期 商业险终保日期 保险到期日 保险到期时间 保险到期 保险到期日期 保险终止日期 保险止期 终保日期 续保日期 商业到期 到期日期 insuranceuntil insuranceexpiry insuranceend policyexpiry expirydate",
    ),
    _f("premium_fen", "money", "保费", "保费 保费合计 商业险保费 保险费 总保费 premium"),
    _f(
        "sales_consultant",
        "person",
        "销售顾问",
        "销售顾问 销售人员 销售员 前销售顾问 业务员 salesconsultant salesperson salesman",
    ),
    _f(
        "service_advisor",
        "person",
        "服务顾问",
        "服务顾问 接待顾问 接待员 接车员 客户经理 sa 经办人 业务接待 serviceadvisor serviceadviser advisor adviser",
    ),
    # the order
    _f(
        "order_no",
        "code",
        "工单号",
        "工单号 工单编号 单据编号 单据号 委托单号 结算单号 维修单号 维修工单号 业务单号 施工单号 派工单号 订单号 订单编号 单号 服务单号 ro号 orderno ordernumber repairorder repairorderno rono ro invoiceno invoicenumber invoice",
    ),
    _f("order_kind", "text", "工单类型", "工单类型 维修类型 维修类别 业务类型 维修性质 服务类型 ordertype servicetype"),
    _f("pay_type", "text", "付费类型", "付费类型 结算类型 账类 帐类 paytype"),
    _f("order_status", "text", "工单状态", "工单状态 当前状态 状态 是否结清 是否关单 status"),
    _f("deliverer", "name", "送修人", "送修人 送修人姓名 送车人 报修人 deliverer broughtby"),
    _f(
        "deliverer_mobile",
        "phone",
        "送修人电话",
        "送修人手机 送修人电话 送修人联系电话 送修电话 送车人电话 delivererphone",
    ),
    _f(
        "in_at",
        "past_moment",
        "进厂时间",
        "进厂日期 进厂时间 进站时间 进站日期 来厂日期 来店日期 来厂时间 到店时间 到店日期 接车日期 接车时间 接待日期 接待时间 工单开单日期 开单日期 开单时间 开工日期 维修日期 维修时间 服务日期 入厂日期 入厂时间 indate datein timein arrivaldate servicedate orderdate opendate opened invoicedate date checkin",
    ),
    _f(
        "promised_at", "moment", "预计交车", "预交车时间 预计交车时间 预计交车日期 承诺交车时间 promisedat promiseddate"
    ),
    _f(
        "out_at",
        "past_moment",
        "出厂时间",
        "出厂日期 出厂时间 出站时间 完工日期 竣工时间 竣工日期 完工时间 交车日期 交车时间 离厂日期 结算日期 结算时间 提车时间 outdate dateout timeout closedate closed completed finishdate checkout",
    ),
    _f(
        "odometer_km",
        "km",
        "里程",
        "进厂里程 进厂行驶里程 进厂里程数 进店里程 行驶里程 里程 里程数 当前里程 服务里程 公里数 行驶公里数 表显里程 出厂行驶里程 最后一次进厂里程 上次维修里程 上次保养里程 最近里程 odometer mileage km kilometers kilometres miles odometerreading",
    ),
    _f("technician", "person", "技师", "维修技师 技师 指定技师 主修人 主修技师 维修工 维修人员 technician mechanic"),
    _f(
        "item_code",
        "code",
        "项目代码",
        "项目代码 项目编号 项目编码 工时代码 配件编码 配件代码 配件编号 零件号 itemcode opcode partno partnumber stockcode sku",
    ),
    _f(
        "item",
        "text",
        "维修项目",
        "维修项目 维修项目名称 项目名称 项目 维修内容 作业项目 工时项目 服务项目 配件名称 施工项目 item items description operation work job service itemname partname",
    ),
    _f(
        "concern", "text", "故障描述", "故障描述 报修内容 客户描述 故障现象 车间反馈 客户报修 concern complaint symptom"
    ),
    _f("quantity", "decimal", "数量", "数量 quantity qty count"),
    _f("unit_price", "price", "单价", "单价 unitprice"),
    _f(
        "labour_fen",
        "money",
        "工时费",
        "工时费 工时费用 项目工时费用 工时金额 人工费 工费 工时费合计 labour labor labourfee laborfee labouramount laboramount labourcost laborcost",
    ),
    _f(
        "material_fen",
        "money",
        "材料费",
        "材料费 配件费 配件费用 配件金额 材料金额 零件费 备件费 配件费用合计 辅料费用合计 material materials parts partsfee materialfee partsamount partscost",
    ),
    _f(
        "total_fen",
        "money",
        "合计",
        "合计 合计金额 总金额 金额 维修金额 费用合计 应结金额 应结算费用 应收金额 实收金额 总费用 订单总额 小计金额 结算金额 费用 总计 total amount totalamount grandtotal sum totalfee",
    ),
    # an appointment
    _f(
        "appointment_at",
        "moment",
        "预约时间",
        "预约时间 预约日期 预约到店时间 预约进厂时间 预计到店时间 预约进站时间 appointmenttime appointmentdate appointment bookingtime bookingdate",
    ),
    _f("appointment_no", "code", "预约单号", "预约单 预约单号 预约编号 appointmentno bookingno"),
)
BY_CODE = {f.code: f for f in FIELDS}

KINDS: dict[str, frozenset[str]] = {
    "customers": frozenset(f.code for f in FIELDS[: next(i for i, f in enumerate(FIELDS) if f.code == "order_no")])
    | {"odometer_km"},
    "repair_orders": frozenset(f.code for f in FIELDS) - {"appointment_at", "appointment_no", "premium_fen"},
}
KINDS["vehicles"] = KINDS["customers"]
KINDS["insurance"] = KINDS["customers"]
KINDS["appointments"] = KINDS["customers"] | {"appointment_at", "appointment_no", "item", "concern", "service_advisor"}
"""Kind -> fields that its rows may have."""

NEVER = frozenset(
    [
        "vsn",
        "序号",
        "编号",
        "邮编",
        "no",
        "行号",
        "序",
        "问题",
        "原行号",
        "problem",
        "提醒人",
        "提醒内容",
        "提醒状态",
        "跟踪人",
        "回访人",
        "预计下次保养日期",
        "下次保养日期",
        "下次保养里程",
        "是否会员",
        "工时单价",
        "上次维修时间",
        "上次维修日期",
    ]
)
"""Headings that look like a field and are none."""

TEMPLATES = {
    "customers": "name mobile gender birth_on kind plate vin brand series model colour purchased_on registered_on "
    "insurance_until inspection_due_on sales_consultant address remarks",
    "vehicles": "plate vin brand series model colour energy use purchased_on registered_on odometer_km",
    "insurance": "name mobile plate vin insurer policy_no compulsory_until insurance_until",
    "appointments": "name mobile plate appointment_at item service_advisor",
    "repair_orders": "order_no plate vin name mobile in_at out_at odometer_km service_advisor technician item labour_fen material_fen total_fen",
}

_BRACKETS = re.compile(r"[(\[{【〔][^)\]}】〕]*[)\]}】〕]")
_DROP = re.compile(r"[\s*:：_\-.,，、。'\"“”‘’#·]+")


@lru_cache(maxsize=20_000)
def normalise(heading: str) -> str:
    """A heading as it is compared."""
    text = unicodedata.normalize("NFKC", heading).lower()
    text = text.split(",")[0] if "exceldatatype" in text else text
    return _DROP.sub("", _BRACKETS.sub("", text))


@lru_cache(maxsize=1)
def synonyms() -> dict[str, str]:
    """Normalised heading -> field code; the first field that claims a heading has it."""
    table: dict[str, str] = {}
    for entry in FIELDS:
        for heading in (*entry.headings, entry.label, entry.code):
            table.setdefault(normalise(heading), entry.code)
    return table


def unit_of(heading: str) -> int:
    """10,000 when a heading says that its numbers are in 万."""
    inside = "".join(_BRACKETS.findall(unicodedata.normalize("NFKC", heading)))
    return 10_000 if "万" in inside else 1
