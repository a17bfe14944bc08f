"""Readings of surnames, given names and place names that a table of single characters gets wrong. R015.

Each entry is a sign or word and its readings without tones, the usual one first (reliability row 83).
"""

from __future__ import annotations


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """'单 shan dan; 仇 qiu chou' -> {'单': ('shan', 'dan'), '仇': ('qiu', 'chou')}."""
    return {word: tuple(readings) for word, *readings in (entry.split() for entry in text.split(";"))}


SURNAMES = _table("""
单 shan dan; 仇 qiu chou; 曾 zeng ceng; 区 ou qu; 解 xie jie; 翟 zhai di; 查
zha cha; 任 ren; 乐 yue le; 缪 miao mou miu; 盖 ge gai; 尉 wei yu; 员 yun
yuan; 贠 yun yuan; 繁 po fan; 秘 bi mi; 洗 xian xi; 冼 xian; 折 she zhe; 种
chong zhong; 覃 qin tan; 乜 nie mie; 黑 he hei; 那 na; 过 guo; 宁 ning; 哈 ha;
车 che; 召 shao zhao; 燕 yan; 华 hua; 纪 ji; 应 ying; 葛 ge; 薄 bo bao; 令 ling;
相 xiang; 万 wan; 牟 mou mu; 隗 wei kui; 费 fei bi; 谷 gu; 郇 xun huan; 郗 xi
chi; 祭 zhai ji; 眭 sui; 句 gou ju; 朴 piao pu; 柏 bai bo; 卜 bu; 宓 mi fu; 晁
chao; 盛 sheng cheng; 石 shi; 重 chong zhong; 长 zhang chang; 晟 cheng sheng;
都 du dou; 能 nai neng; 叶 ye; 沈 shen chen; 尹 yin; 肖 xiao; 奇 qi ji; 适 kuo
shi; 隽 juan jun; 莘 shen xin; 颉 xie jie; 行 xing; 郄 qie xi; 佴 nai er;
阚 kan; 阿 a; 呙 guo; 逄 pang; 不 fou bu; 无 wu; 藏 zang cang; 臧 zang; 宿 su
xiu; 訾 zi; 曲 qu; 夏 xia; 贾 jia; 俞 yu; 於 yu; 缑 gou; 钭 tou; 酆 feng; 芮 rui;
艾 ai; 吕 lv; 强 qiang jiang; 合 he ge; 会 gui kuai hui; 教 jiao; 大 da; 邵
shao; 逯 lu; 红 hong; 么 yao me; 幺 yao; 筰 zuo; 炅 gui jiong; 巷 xiang; 褚 chu
zhu; 蕃 fan bo; 瞿 qu; 戚 qi; 占 zhan; 将 jiang; 校 xiao jiao
""")
"""One-character surnames, the surname's own reading first."""

COMPOUND = _table("""
欧阳 ouyang; 司马 sima; 上官 shangguan; 诸葛 zhuge; 尉迟 yuchi weichi; 东方
dongfang; 皇甫 huangfu; 令狐 linghu; 慕容 murong; 司徒 situ; 夏侯 xiahou; 公孙
gongsun; 轩辕 xuanyuan; 宇文 yuwen; 长孙 zhangsun changsun; 万俟 moqi wansi; 单于
chanyu danyu; 澹台 tantai dantai; 端木 duanmu; 独孤 dugu; 南宫 nangong; 西门
ximen; 闻人 wenren; 赫连 helian; 呼延 huyan; 太史 taishi; 申屠 shentu; 公羊
gongyang; 濮阳 puyang; 淳于 chunyu; 钟离 zhongli; 鲜于 xianyu; 闾丘 lvqiu; 司空
sikong; 亓官 qiguan; 宗政 zongzheng; 百里 baili; 东郭 dongguo; 南门 nanmen; 呼于
huyu; 拓跋 tuoba; 完颜 wanyan; 纳兰 nalan; 第五 diwu; 梁丘 liangqiu; 左丘 zuoqiu; 公冶
gongye; 太叔 taishu; 乐正 yuezheng lezheng; 漆雕 qidiao; 壤驷 rangsi; 巫马 wuma;
段干 duangan; 叶赫 yehe; 爱新 aixin; 欧陽 ouyang; 司馬 sima; 諸葛 zhuge
""")
"""Compound surnames."""

GIVEN = _table("""
乐 le yue; 长 chang zhang; 行 xing; 朝 chao zhao; 晟 sheng cheng; 茜 qian xi;
重 zhong chong; 传 chuan zhuan; 盛 sheng cheng; 朴 pu piao; 蔚 wei yu; 莘 xin
shen; 隽 jun juan; 纶 lun guan; 炅 jiong gui; 颉 jie xie; 曾 zeng; 解 jie; 单
dan; 都 du; 薄 bo; 翟 zhai; 贾 jia; 柏 bai bo; 车 che; 朵 duo; 露 lu; 珏 jue; 俊
jun; 卜 bu; 区 qu; 卡 ka; 阿 a; 大 da; 地 di; 会 hui; 干 gan; 和 he; 好 hao; 少
shao; 降 jiang; 洗 xi; 折 zhe; 查 cha; 拉 la; 什 shi; 尔 er; 哈 ha; 吾 wu; 提 ti;
依 yi; 合 he
""")
"""Inside given names and companies: what people type, and a second reading where both are in use."""

PHRASES = _table("""
重庆 chong qing; 银行 yin hang; 厦门 xia men; 六安 lu an; 蚌埠 beng bu; 台州 tai
zhou; 丽水 li shui; 车行 che hang; 商行 shang hang; 行业 hang ye; 番禺 pan yu; 长子
zhang zi; 东阿 dong e; 洪洞 hong tong; 铅山 yan shan; 浚县 xun xian; 涡阳 guo
yang; 成长 cheng zhang; 行长 hang zhang; 重工 zhong gong; 会计 kuai ji; 分行 fen
hang; 支行 zhi hang; 西藏 xi zang; 大厦 da sha; 厦大 xia da; 便宜 pian yi; 调研 diao
yan
""")
"""Words of company names, one reading per character."""
