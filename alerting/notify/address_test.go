package notify_test

import (
	"strings"
	"testing"

	"shouwang/alerting/notify"
)

func TestCheckAddress(t *testing.T) {
	for _, c := range []struct {
		kind, address string
		good          bool
	}{
		{"sms", "+86 138 0000 0000", true}, {"sms", "13800000000", true}, {"sms", "12", false}, {"voice", "138-abc-0000", false}, {"sms", "", false},
		{"email", "li@example.org", true}, {"email", "Li <li@example.org>", false}, {"email", "li", false},
		{"wecom", "", true}, {"dingtalk", "王小明", true}, {"feishu", "ou_1a2b", true}, {"wecom", "li wang", false}, {"wecom", "li\n", false}, {"wecom", "<@all>", false}, {"wecom", "\xff", false},
		{"wecom", strings.Repeat("王", 64), true}, {"wecom", strings.Repeat("王", 65), false},
	} {
		if rule := notify.CheckAddress(c.kind, c.address); (rule == "") != c.good {
			t.Errorf("%s %q: %q, want good %v", c.kind, c.address, rule, c.good)
		}
	}
}
