package simulate

import (
	"fmt"
	"math/rand/v2"
)

// Nobody of this county exists. Names are drawn from common syllables, and the
// telephone numbers begin with 000, which no exchange in China uses.

func surnames() []string {
	return []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭", "何", "高", "林", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹"}
}

func givenNames() []string {
	return []string{"秀英", "桂兰", "玉珍", "凤英", "桂英", "秀兰", "淑华", "玉兰", "秀珍", "玉梅", "爱莲", "素芬", "月娥", "春梅", "金花", "兰芳",
		"建国", "国强", "福生", "德山", "长林", "志明", "永福", "宝田", "金山", "树林", "玉山", "文才", "守信", "庆云", "占元", "连生"}
}

func youngNames() []string {
	return []string{"伟", "芳", "磊", "敏", "静", "强", "洋", "艳", "勇", "杰", "娟", "涛", "超", "霞", "平", "刚"}
}

func relations() []string {
	return []string{"儿子", "女儿", "侄子", "外甥女", "邻居", "妹妹"}
}

type place struct{ code, name string }

func towns() []place {
	return []place{{"yanta", "雁台镇"}, {"liuhe", "柳禾镇"}, {"shiqiao", "石桥镇"}, {"xinzhuang", "新庄镇"}, {"taohu", "桃湖镇"}}
}

func villages() []string {
	return []string{
		"槐树村", "东李庄", "西李庄", "大王村", "小王村", "前屯村",
		"后屯村", "杨柳村", "马家集", "孙家庙", "荷花村", "北桥村",
		"南桥村", "枣林村", "梨园村", "高家湾", "双井村", "青杨村",
		"河口村", "谷场村", "红旗村", "向阳村", "三里屯村", "八里庄",
		"柿园村", "莲池村", "清泉村", "古槐村", "桃花村", "麦田村",
	}
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// phone numbers are counted, so that no two people share one.
func phone(n int) string { return fmt.Sprintf("000-%04d-%04d", n/10000, n%10000) }
