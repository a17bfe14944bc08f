"""The fields an import understands and the headings that systems give them: one readable table.

Headings are compared after `normalise`: full width narrowed, blanks, brackets with their content, signs removed,
letters small. The first heading of a field is its best: where two columns claim a field, the one that stands
earlier in its list has it. One heading may belong to several fields (出厂日期: when a car was made, or when it left
the workshop); the kind of the rows decides. Sources: real dealer systems' export lists, printed forms, and what
people call things.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its code, type (see values.py), label for people, headings in Chinese and English."""

    code: str
    type: str
    label: str
    headings: tuple[str, ...]
    many: bool = False  # several columns may fill it


def _f(code: str, type_: str, label: str, headings: str, *, many: bool = False) -> Field:
    return Field(code, type_, label, tuple(headings.split()), many)


PERSON: tuple[Field, ...] = (
    _f(
        "customer_no",
        "code",
        _("客户编号"),
        """
        客户编号 车主编号 车主/客户编号 客户代码 客户编码 客户号 客户id 潜客编号 车主代码 会员编号 会员卡号 会员号 顾客编号 VIP编号
        customerno customerid customernumber customercode custid clientid clientno memberno memberid""",
    ),
    _f(
        "name",
        "name",
        _("客户姓名"),
        """
        客户名称 客户姓名 车主/客户姓名 客户全名 客户全称 车主姓名 车主名称 车主 单位名称（车主姓名） 姓名 客户 顾客姓名 顾客 用户姓名
        用户名称 用户 购车人 购车客户 会员姓名 会员名称 互助会员姓名 被保险人姓名 被保险人 被保人姓名 被保人 投保人姓名 投保人 预约人姓名
        预约人 预约客户 来电人 开票客户 单位名称 公司名称 名称 客户简称 车主信息
        customername name fullname customer ownername owner clientname client buyer insuredname insured policyholder
        personname holdername""",
    ),
    _f(
        "kind",
        "kind",
        _("客户类型"),
        """
        客户类别 客户类型 客户性质 车主性质 车主类型 个人/单位 单位/个人 个人/公司 公私 customertype customerkind ownertype""",
    ),
    _f(
        "mobile",
        "phone",
        _("手机"),
        """
        手机 手机号 手机号码 移动电话 移动电话号码 车主手机 车主手机号 车主手机号码 客户手机 客户手机号 客户手机号码 联系电话 联系手机 联系方式
        客户联系电话 客户联系方式 客户电话 车主联系电话 车主电话 电话 电话号码 联络电话 常用电话 手机电话 备用电话 备用手机 其他电话 本人电话
        本人手机 主要电话 预约电话 预约手机 来电号码 会员手机 会员手机号 被保险人电话 被保险人手机 被保人电话 投保人电话
        mobile mobileno mobilenumber mobilephone mobilephoneno mobilephonenumber phone phoneno phonenumber cell cellphone
        cellno cellphonenumber handphone tel telno telephone telephoneno telephonenumber contactnumber contactno contactphone
        contacttel contactmobile customerphone customermobile ownerphone ownermobile""",
        many=True,
    ),
    _f(
        "landline",
        "phone",
        _("座机"),
        """
        固定电话 固定电话号码 固话 座机 座机号 座机号码 家庭电话 家庭固话 办公电话 办公固话 住宅电话 单位电话 公司电话 宅电
        landline homephone hometel officephone officetel fixedline""",
        many=True,
    ),
    _f(
        "contact",
        "name",
        _("联系人"),
        """
        联系人 联系人姓名 联络人 紧急联系人 contact contactname contactperson""",
    ),
    _f(
        "contact_mobile",
        "phone",
        _("联系人电话"),
        """
        联系人手机 联系人手机号 联系人手机号码 联系人电话 联系人联系电话 联系人联系方式 联络人电话 联络人手机""",
        many=True,
    ),
    _f("gender", "gender", _("性别"), "性别 车主性别 客户性别 gender sex"),
    _f(
        "birth_on",
        "birthday",
        _("生日"),
        """
        出生日期 出生年月日 生日 客户生日 车主生日 客户出生日期 车主出生日期 公历生日 阳历生日 出生年月 出生
        birthday birthdate dateofbirth dob birth bornon""",
    ),
    _f("lunar_birthday", "lunar", _("农历生日"), "农历生日 阴历生日 农历 lunarbirthday"),
    _f(
        "id_number",
        "id_number",
        _("证件号码"),
        """
        证件号码 证件号 证件编号 身份证号码 身份证号 身份证 身份证件号码 客户身份证号 车主身份证号 互助会员身份证号 被保险人身份证号
        idnumber idno idcard idcardno idcardnumber nationalid""",
    ),
    _f("occupation", "text", _("职业"), "职业 客户职业 车主职业 occupation job profession"),
    _f("wechat", "text", _("微信"), "微信 微信号 微信账号 客户微信 wechat wechatid"),
    _f(
        "email",
        "email",
        _("邮箱"),
        """
        邮箱 电子邮箱 电子邮件 E_MAIL 联系邮箱 客户邮箱 email emailaddress mail""",
    ),
    _f("province", "text", _("省份"), "省份 省 所在省 所在省份 province state"),
    _f("city", "text", _("城市"), "城市 市 所在城市 所在市 city town"),
    _f("district", "text", _("区县"), "区县 区 县 所在区县 所在区 district county"),
    _f(
        "address",
        "text",
        _("地址"),
        """
        地址 详细地址 联系地址 车主地址 客户地址 通讯地址 通信地址 联系人详细地址 联系人地址 家庭地址 家庭住址 住址 居住地址 现住址 住宅地址
        单位地址 邮寄地址 address homeaddress mailingaddress street""",
    ),
    _f("tier", "tier", _("等级"), "客户等级 客户级别 会员等级 会员级别 VIP等级 VIP级别 等级 tier membertier"),
    _f("tags", "tags", _("标签"), "标签 客户标签 tags tag"),
    _f("source", "source", _("客户来源"), "客户来源 信息来源 来源渠道 渠道来源 来源 source"),
    _f("preferred_channel", "channel", _("偏好联系方式"), "偏好联系方式 偏好渠道 preferredchannel"),
    _f(
        "remarks",
        "text",
        _("备注"),
        """
        备注 客户备注 备注信息 备注说明 说明 补充说明 备注1 remarks remark notes note comments comment""",
    ),
)

VEHICLE: tuple[Field, ...] = (
    _f(
        "plate",
        "plate",
        _("车牌号"),
        """
        车牌号 车牌号码 车牌 号牌号码 号牌 牌照号 牌照号码 牌照 车牌照号 车辆牌照 车辆号牌 车辆牌号 车辆车牌号 牌号 车号
        plateno plate platenumber licenseplate licenseplateno licenseplatenumber licenceplate licenceplateno licenceplatenumber
        licenseno licenceno registrationnumber registrationno regno regnumber vehicleno vehicleregistration numberplate carplate
        carno""",
    ),
    _f(
        "vin",
        "vin",
        _("车架号"),
        """
        车架号 VIN VIN码 VIN号 VIN代码 车架号码 车辆识别代号 车辆识别代码 车辆识别号 车辆VIN 车辆架号 识别代码 底盘号 底盘号码 大架号 车身号
        vin vinno vinnumber vehicleidentificationnumber chassis chassisno chassisnumber frameno framenumber""",
    ),
    _f("brand", "text", _("品牌"), "品牌 车辆品牌 品牌名称 厂牌 车辆厂牌 brand make vehiclebrand vehiclemake carbrand"),
    _f("series", "text", _("车系"), "车系 车系名称 车辆系列 意向车系 系列 series carseries vehicleseries"),
    _f(
        "model",
        "text",
        _("车型"),
        """
        车型 车型名称 车辆型号 车型型号 厂牌型号 厂牌车型 品牌型号 车辆品牌型号 车款 款型 车辆款型 车型描述 销售车型 车型代码
        model vehiclemodel carmodel modelname vehicletype""",
    ),
    _f("trim", "text", _("配置"), "配置 配置型号 配置名称 版本 trim configuration"),
    _f(
        "colour",
        "text",
        _("颜色"),
        """
        颜色 车身颜色 车辆颜色 外观颜色 外观色 外饰颜色 外色 车色 colour color vehiclecolour vehiclecolor exteriorcolour""",
    ),
    _f(
        "energy",
        "energy",
        _("动力类型"),
        """
        燃料类型 燃油类型 能源类型 动力类型 燃料种类 能源形式 能源 燃料 动力 fueltype fuel energytype energy""",
    ),
    _f(
        "engine_no",
        "code",
        _("发动机号"),
        """
        发动机号 发动机号码 发动机编号 发动机号/电动机号 发动机/电机号 电机号 发动机 engineno enginenumber engine""",
    ),
    _f("seats", "int", _("座位数"), "座位数 核定载客 核载人数 座位 seats"),
    _f("use", "use", _("用途"), "使用性质 车辆使用性质 车辆用途 使用类型 用途 车辆性质 use usage"),
    _f(
        "price_fen",
        "money",
        _("车价"),
        """
        购车价格 购车价 成交价 成交价格 成交金额 车价 车辆价格 整车价格 销售价格 裸车价 开票价格 购车金额 saleprice purchaseprice vehicleprice
        price""",
    ),
    _f(
        "made_on",
        "past_date",
        _("生产日期"),
        """
        生产日期 制造日期 车辆生产日期 出厂日期 车辆出厂日期 出厂年月 制造年月 生产年月 madeon manufacturedate manufacturingdate
        productiondate""",
    ),
    _f(
        "purchased_on",
        "past_date",
        _("购车日期"),
        """
        购车日期 购车时间 销售日期 车辆销售日期 销售时间 购买日期 购置日期 车辆购买日期 提车日期 交车日期 实际交车日期 交付日期 新车交付日期
        开票日期 开票时间 发票日期 saledate salesdate solddate soldon purchasedate purchasedon dateofsale dateofpurchase
        deliverydate dateofdelivery""",
    ),
    _f(
        "registered_on",
        "past_date",
        _("上牌日期"),
        """
        上牌日期 上牌时间 上户日期 注册日期 车辆注册日期 初次登记日期 初登日期 初次登记时间 行驶证登记日期 注册登记日期 登记日期
        registrationdate registeredon dateofregistration firstregistration""",
    ),
    _f("first_service_on", "date", _("首保日期"), "首保日期 首保时间 首次保养日期 firstservicedate"),
    _f(
        "warranty_from",
        "date",
        _("保修开始"),
        """
        保修开始日期 保修起始日期 保修起期 质保开始日期 质保起始日期 warrantystart warrantystartdate""",
    ),
    _f(
        "warranty_until",
        "date",
        _("保修到期"),
        """
        保修结束日期 保修到期日期 保修到期日 保修到期 保修截止日期 保修终止日期 保修期至 质保到期日期 质保到期日 质保到期 质保截止日期
        质保结束日期 质保期至 整车质保到期 三包到期日期 三包到期日 warrantyend warrantyenddate warrantyuntil warrantyexpiry
        warrantyexpirydate""",
    ),
    _f(
        "inspection_due_on",
        "date",
        _("年检到期"),
        """
        年检到期日 年检到期 年检到期日期 年检到期时间 年检有效期至 年检有效期 年检日期 下次年检日期 下次年检 年审到期日 年审到期 年审到期日期
        年审日期 年审时间 检验有效期至 检验有效期止 检验有效期 检验到期日 检验到期 验车日期 审车日期
        inspectiondue inspectionduedate inspectionexpiry inspectiondate nextinspection""",
    ),
    _f(
        "insurer",
        "text",
        _("保险公司"),
        """
        保险公司 保险公司名称 保险公司简称 承保公司 承保保险公司 承保单位 投保公司 当前保险公司 最近一次投保保险公司
        insurer insurancecompany insurancecompanyname underwriter""",
    ),
    _f(
        "insurance_from",
        "date",
        _("保险起期"),
        """
        商业险起保日期 商业险起期 商业险生效日期 保险起期 保险起始日期 保险开始日期 保险生效日期 起保日期 生效日期 保单起期 保单生效日期
        insurancefrom insurancestart policystart policystartdate effectivedate""",
    ),
    _f(
        "policy_no",
        "code",
        _("保单号"),
        """
        保单号 保单号码 保单编号 保险单号 保险单号码 商业险保单号 商业险保单号码 商业保单号 policyno policynumber policy""",
    ),
    _f(
        "compulsory_until",
        "date",
        _("交强险到期"),
        """
        交强险到期日 交强险到期 交强险到期日期 交强险到期时间 交强保险到期日 交强险终止日期 交强险终止时间 交强险终止日 交强险截止日期 交强险止期
        交强险保险止期 交强险有效期至 交强险终保日期 交强到期 compulsoryuntil compulsoryexpiry compulsoryinsuranceexpiry""",
    ),
    _f(
        "insurance_until",
        "date",
        _("商业险到期"),
        """
        商业险到期日 商业险到期 商业险到期日期 商业险到期时间 商业保险到期日 商业保险到期日期 商业险终止日期 商业险终止时间 商业险终止日
        商业险截止日期 商业险止期 商业险保险止期 商业险有效期至 商业险终保日期 商业到期 保险到期日 保险到期日期 保险到期时间 保险到期
        保险终止日期 保险截止日期 保险有效期至 保险止期 保险止日 保险终期 保险期止 保单到期日期 保单到期日 保单止期 终保日期 续保到期日
        续保日期 保险日期 到期日期 到期日 到期时间
        insuranceuntil insuranceexpiry insuranceexpirydate insuranceend insuranceenddate policyexpiry policyexpirydate policyend
        policyenddate commercialuntil commercialexpiry expirydate expiry expireson""",
    ),
    _f(
        "premium_fen",
        "money",
        _("保费"),
        """
        保费合计 保费总额 总保费 保费 保费金额 签单保费 实收保费 商业险保费 商业险保险费 保险费 交强险保费 totalpremium premium
        premiumamount""",
    ),
    _f(
        "sales_consultant",
        "person",
        _("销售顾问"),
        """
        销售顾问 销售顾问姓名 所属销售顾问 成交顾问 销售人员 销售员 置业顾问 销售经理 业务员 销售 原销售顾问 前销售顾问
        salesconsultant salesperson salesman salesadvisor salesexecutive salesrep""",
    ),
    _f(
        "service_advisor",
        "person",
        _("服务顾问"),
        """
        服务顾问 服务顾问姓名 接待顾问 接车顾问 维修顾问 售后顾问 SA SA姓名 接待员 接车员 服务接待 业务接待 前台接待 接待人 接待人员 接车人
        服务专员 定保专员 预约顾问 客户经理 经办人 serviceadvisor serviceadviser advisor adviser advisorname""",
    ),
)

ORDER: tuple[Field, ...] = (
    _f(
        "order_no",
        "code",
        _("工单号"),
        """
        工单号 工单编号 维修工单号 维修单号 维修单编号 委托单号 委托书号 维修委托书号 结算单号 结算单编号 维修结算单号 结算编号 施工单号
        施工单编号 派工单号 服务单号 服务工单号 业务单号 单据编号 单据号码 单据号 订单号 订单编号 任务单号 单号 工单流水号 RO号 RO编号 RO单号
        ro rono ronumber repairorder repairorderno repairordernumber workorder workorderno workordernumber jobno jobnumber orderno
        ordernumber invoiceno invoicenumber invoice docno""",
    ),
    _f(
        "order_kind",
        "text",
        _("工单类型"),
        """
        工单类型 工单类别 工单性质 维修类型 维修类型名称 维修类别 维修性质 维修业务类型 业务类型 业务类别 作业类型 服务类型
        ordertype servicetype jobtype""",
    ),
    _f(
        "pay_type",
        "text",
        _("付费类型"),
        """
        付费类型 结算类型 收费类别 收费类型 收费区分 收费性质 账类 帐类 结算方式 付款方式 支付方式 paytype paymenttype payment""",
    ),
    _f(
        "order_status",
        "text",
        _("工单状态"),
        """
        工单状态 维修状态 单据状态 结算状态 当前状态 状态 是否结清 是否关单 status orderstatus""",
    ),
    _f(
        "deliverer",
        "name",
        _("送修人"),
        """
        送修人 送修人姓名 进厂送修人 送修客户 送修人员 送车人 送车客户 报修人 报修人姓名 deliverer deliveredby broughtby""",
    ),
    _f(
        "deliverer_mobile",
        "phone",
        _("送修人电话"),
        """
        送修人手机 送修人手机号 送修人手机号码 送修手机 送修人电话 送修人联系电话 送修人联系方式 送修联系电话 送修电话 送车人电话 报修人电话
        delivererphone delivererphoneno deliverermobile""",
        many=True,
    ),
    _f(
        "in_at",
        "past_moment",
        _("进厂时间"),
        """
        进厂时间 进厂日期 入厂时间 入厂日期 进站时间 进站日期 进店时间 进店日期 到厂时间 到厂日期 到店时间 到店日期 来厂时间 来厂日期 来店时间
        来店日期 入店日期 接车时间 接车日期 接待时间 接待日期 送修时间 送修日期 报修时间 报修日期 维修日期 维修时间 服务日期 开工日期 工单开单日期
        开单日期 开单时间 工单日期 委托日期 派工时间 派工日期 业务日期 单据日期 制单日期 日期
        indate datein timein checkin checkindate arrivaldate arrivedat arrived receiveddate servicedate rodate orderdate opendate
        openeddate opened invoicedate transactiondate date""",
    ),
    _f(
        "promised_at",
        "moment",
        _("预计交车"),
        """
        预交车时间 预计交车时间 预计交车日期 承诺交车时间 承诺交车日期 约定交车时间 预计完工时间 预计完工日期 预计出厂时间 预计出厂日期
        预计交付时间 预计提车时间 预计取车时间 预约交车时间 promisedat promiseddate promisedtime promiseddatetime""",
    ),
    _f(
        "out_at",
        "past_moment",
        _("出厂时间"),
        """
        出厂时间 出厂日期 出站时间 出站日期 出店时间 出店日期 离厂时间 离厂日期 离店时间 交车时间 交车日期 提车时间 竣工时间 竣工日期 完工时间
        完工日期 完成时间 完成日期 结算时间 结算日期 结单时间 结单日期 结账时间 结账日期 提交结算时间 结算打印时间 收款日期
        outdate dateout timeout checkout checkoutdate completeddate completiondate completed finishdate finishedat closeddate
        closedate closed deliveredat invoicedat""",
    ),
    _f(
        "odometer_km",
        "km",
        _("里程"),
        """
        进厂里程 进厂行驶里程 进厂里程数 进厂公里数 进厂公里 入厂里程 进店里程 进店里程数 接车里程 行驶里程 行驶里程数 行驶公里数 行驶公里 当前里程
        当前公里数 里程数 里程 服务里程 公里数 公里 表显里程 里程表读数 里程表 行车里程 最近里程 最近里程数 出厂行驶里程 出厂里程
        最后一次进厂里程 上次维修里程 上次保养里程 最后保养公里数
        odometer odometerin odometerreading odometerkm mileage mileagein mileagekm currentmileage km kilometers kilometres odo""",
    ),
    _f(
        "technician",
        "person",
        _("技师"),
        """
        维修技师 技师 技师姓名 主修技师 主修人 主修 责任技师 作业技师 指定技师 施工人员 施工人 维修工 维修工姓名 维修人员 班组
        technician technicianname mechanic""",
    ),
    _f(
        "item_code",
        "code",
        _("项目代码"),
        """
        项目代码 项目编号 项目编码 工时代码 操作代码 配件编码 配件代码 配件编号 配件号 备件编码 备件号 零件编号 零件编码 零件号 材料编码 物料编码
        itemcode opcode operationcode partno partnumber partcode stockcode sku""",
    ),
    _f(
        "item",
        "text",
        _("维修项目"),
        """
        维修项目 维修项目名称 项目名称 维修项目内容 维修内容 维修/保养项目 保养项目 作业项目 作业内容 施工项目 施工内容 工时项目 工项名称 工项
        服务项目 服务内容 项目内容 项目 维修项目/配件 项目/配件名称 预约项目 配件名称 备件名称 材料名称 零件名称
        item items itemname lineitem operation operations job jobdescription work service serviceitem servicedescription
        description partname""",
    ),
    _f(
        "concern",
        "text",
        _("故障描述"),
        """
        故障描述 故障现象 故障内容 报修内容 报修项目 报修故障 客户报修 客户描述 客户陈述 客户反映 问题描述 需求描述 预约内容 车间反馈
        concern customerconcern complaint symptom fault faultdescription""",
    ),
    _f("quantity", "decimal", _("数量"), "数量 用量 领用数量 出库数量 quantity qty count"),
    _f("unit_price", "price", _("单价"), "单价 销售单价 含税单价 实售单价 unitprice unitcost"),
    _f(
        "labour_fen",
        "money",
        _("工时费"),
        """
        工时费 工时费用 项目工时费用 维修工时费 工时费金额 工时金额 工时费合计 工时费小计 工时收入 人工费 人工费用 工费 劳务费
        labour labor labourfee laborfee labouramount laboramount labourcost laborcost labourcharge laborcharge labourtotal
        labortotal""",
    ),
    _f(
        "material_fen",
        "money",
        _("材料费"),
        """
        材料费 材料费用 材料金额 材料费合计 配件费 配件费用 配件金额 配件材料费 配件费用合计 配件费小计 零件费 零件费用 零件金额 备件费 备件费用
        备件金额 配件收入 辅料费用合计
        material materials materialfee materialcost parts partsfee partsamount partscost partscharge partstotal""",
    ),
    _f(
        "total_fen",
        "money",
        _("合计"),
        """
        合计 合计金额 金额合计 总金额 总计 总计金额 金额 费用合计 合计费用 维修金额 维修总金额 维修费用 维修费用合计 维修费合计 维修费 总费用
        总额 应结金额 应结算费用 结算金额 结算总金额 结算总额 应收金额 应收合计 应收 实收金额 实收合计 实收 应付金额 订单总额 小计金额 价税合计
        费用 小计 total totalamount amount grandtotal totalfee totalfees totalprice totalcost amountdue linetotal invoicetotal sum""",
    ),
    _f(
        "next_service_on",
        "date",
        _("下次保养日期"),
        """
        下次保养日期 预计下次保养日期 下次保养时间 nextservicedate nextserviceon""",
    ),
    _f(
        "next_service_km",
        "km",
        _("下次保养里程"),
        """
        下次保养里程 预计下次保养里程 下次保养公里数 nextservicekm nextservicemileage""",
    ),
)

APPOINTMENT: tuple[Field, ...] = (
    _f(
        "appointment_at",
        "moment",
        _("预约时间"),
        """
        预约时间 预约日期 预约到店时间 预约到店日期 预约到厂时间 预约到厂日期 预约进厂时间 预约进厂日期 预约进站时间 预约进店时间 预约来店时间
        预计到店时间 预计到店日期 预计进厂时间 预计来店时间 到店预约时间 预约时段 约定时间
        appointmentat appointmenttime appointmentdate appointmentdatetime appointment bookingtime bookingdate bookingdatetime
        bookedat bookedfor scheduledat""",
    ),
    _f(
        "appointment_no",
        "code",
        _("预约单号"),
        """
        预约单号 预约单 预约编号 预约号 预约单编号 appointmentno appointmentid appointmentnumber bookingno bookingnumber bookingid""",
    ),
)

FIELDS = (*PERSON, *VEHICLE, *ORDER, *APPOINTMENT)
BY_CODE = {f.code: f for f in FIELDS}


def _codes(*groups: tuple[Field, ...]) -> frozenset[str]:
    return frozenset(f.code for group in groups for f in group)


KINDS: dict[str, frozenset[str]] = {
    "customers": _codes(PERSON, VEHICLE) | {"odometer_km"},
    "repair_orders": _codes(PERSON, VEHICLE, ORDER) - {"premium_fen"},
}
KINDS["vehicles"] = KINDS["insurance"] = KINDS["customers"]
KINDS["appointments"] = KINDS["customers"] | _codes(APPOINTMENT) | {"item", "concern", "deliverer", "deliverer_mobile"}
"""Kind -> fields that its rows may have."""

CUSTOM = "custom:"
"""Begins the code of a custom field of the store: custom:<subject>:<id>."""
WITH_CUSTOM = frozenset(["customers", "vehicles", "insurance"])
"""Kinds whose rows may fill custom fields."""


def may_have(kind: str, code: str) -> bool:
    """Whether rows of a kind may have a field, a custom one too."""
    return code in KINDS[kind] or (code.startswith(CUSTOM) and kind in WITH_CUSTOM)


NEVER = frozenset(
    [
        "vsn",
        "序号",
        "编号",
        "邮编",
        "no",
        "行号",
        "行",
        "序",
        "问题",
        "原行号",
        "problem",
        "row",
        "rowno",
        "id",
        "提醒人",
        "提醒内容",
        "提醒状态",
        "提醒方式",
        "跟踪人",
        "回访人",
        "是否会员",
        "是否是会员",
        "工时单价",
        "上次维修时间",
        "上次维修日期",
        "上次保养日期",
        "上次保养时间",
        "创建人",
        "创建时间",
        "修改时间",
        "更新时间",
        "制单人",
        "建档日期",
        "建档时间",
        "经销商",
        "经销商名称",
        "经销商代码",
        "经销商号",
        "打印时间",
        "导出时间",
    ]
)
"""Headings that look like a field and are none."""

OTHERS = frozenset(
    [
        "工号",
        "岗位",
        "入职日期",
        "所属部门",
        "库存数量",
        "库存数",
        "库存",
        "仓库",
        "货位",
        "库位",
        "台次",
        "产值",
        "进数量",
        "出数量",
        "入库数量",
        "employeeno",
    ]
)
"""Headings of lists that are none of ours: staff, stock, counts of a month."""

EXTRAS = re.compile(
    "优惠|折扣|辅料|外包|外协|外加工|管理费|附加|其他费|其它费|抹零|税|减免|抵扣|代金|救援费|discount|tax|sublet",
    re.IGNORECASE,
)
"""A column of this name means that labour and material need not add up to the total."""

TEMPLATES = {
    "customers": "name mobile gender birth_on kind plate vin brand series model colour purchased_on registered_on "
    "insurance_until inspection_due_on sales_consultant address remarks",
    "vehicles": "plate vin brand series model colour energy use purchased_on registered_on odometer_km",
    "insurance": "name mobile plate vin insurer policy_no compulsory_until insurance_until",
    "appointments": "name mobile plate appointment_at item service_advisor",
    "repair_orders": "order_no plate vin name mobile in_at out_at odometer_km service_advisor technician item labour_fen "
    "material_fen total_fen",
}

_BRACKETS = re.compile(r"[(\[{【〔][^)\]}】〕]*[)\]}】〕]")
_DROP = re.compile(r"[\s*:：_\-.,，、。'\"“”‘’#·?？]+")
_PREFIXES = ("客户", "车主", "车辆", "最近", "最近一次", "当前", "首次", "现", "原", "本次", "本店")
_SUFFIXES = ("名称", "号码", "信息", "年月日", "元", "km", "公里", "日期时间", "1", "2", "3", "一", "二")


def normalise(heading: str) -> str:
    """A heading as it is compared."""
    return _normalised(heading[:200])


@lru_cache(maxsize=20_000)
def _normalised(heading: str) -> str:
    text = unicodedata.normalize("NFKC", heading).lower()
    text = text.split(",")[0] if "exceldatatype" in text else text
    return _DROP.sub("", _BRACKETS.sub("", text))


@lru_cache(maxsize=1)
def synonyms() -> dict[str, tuple[tuple[str, int], ...]]:
    """Normalised heading -> fields that claim it, each with the place of the heading in its list (0 is best)."""
    table: dict[str, dict[str, int]] = {}
    for entry in FIELDS:
        for rank, heading in enumerate((*entry.headings, entry.label, entry.code)):
            table.setdefault(normalise(heading), {}).setdefault(entry.code, rank)
    return {name: tuple(claims.items()) for name, claims in table.items()}


@lru_cache(maxsize=20_000)
def claims(heading: str) -> tuple[tuple[str, int], ...]:
    """Fields that a heading can mean, each with how doubtful that is: 0..99 exact, 100 and more by a part of it."""
    name = normalise(heading)
    if not name or name in NEVER or name.startswith("unnamed") or len(name) > 40:
        return ()
    table = synonyms()
    if name in ("生日", "出生日期") and re.search("[农阴]历", heading):
        return (("lunar_birthday", 0),)
    if name in table:
        return table[name]
    parts = [normalise(p) for p in re.split(r"[/、或及|]", unicodedata.normalize("NFKC", heading)) if p.strip()]
    if len(parts) > 1:  # 手机/电话: all parts that are known say the same
        known = [dict(table[p]) for p in parts if p in table]
        both = set.intersection(*map(set, known)) if known else set()
        if both:
            return tuple((code, 50) for code in sorted(both, key=lambda c: known[0][c]))
    for cut in range(2, len(name) - 1):  # VIN车架号: two names of one thing
        both = set(dict(table.get(name[:cut], ()))) & set(dict(table.get(name[cut:], ())))
        if both:
            return tuple((code, 60) for code in sorted(both))
    found: tuple[tuple[str, int], ...] = ()
    for prefix in _PREFIXES:
        if name.startswith(prefix) and len(name) - len(prefix) >= 2:
            found = found or table.get(name[len(prefix) :], ())
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            found = found or table.get(name[: -len(suffix)], ())
    return tuple((code, 100 + rank) for code, rank in found)


def unit_of(heading: str) -> int:
    """10,000 when a heading says that its numbers are in 万, 1,000 for 千元."""
    inside = "".join(_BRACKETS.findall(unicodedata.normalize("NFKC", heading)))
    return 10_000 if "万" in inside else 1_000 if "千元" in inside else 1
