package broker

import (
	"slices"
	"strings"
	"testing"

	"shouwang/devices"
)

func TestSubject(t *testing.T) {
	for _, c := range []struct{ filter, want string }{
		{"homecare/v1/acme/b1/event", "homecare.v1.acme.b1.event"},
		{"homecare/v1/+/+/event", "homecare.v1.*.*.event"},
		{"homecare/#", "homecare.>"},
		{"#", ">"},
		{"a/b.c/d", "a.b//c.d"},
		{"a/.b./c", "a.//b//.c"},
		{"/a", "/.a"},
		{"a/", "a./"},
		{"a//b", "a./.b"},
		{"//", "/././"},
		{"$oc/devices/x", "$oc.devices.x"},
		{"a/厂商:1_2/手环", "a.厂商:1_2.手环"},
		{"", ""}, {"a b", ""}, {"a\tb", ""}, {"a\x7f", ""}, {"a/*/b", ""}, {"a/>", ""},
		{"a/b*/c", ""}, {"a+/b", ""}, {"a/#/b", ""}, {"a/b#", ""},
	} {
		got, err := subject(c.filter)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("subject(%q) = %q, %v; want %q", c.filter, got, err, c.want)
		}
	}
}

// FuzzSubject: a literal topic must never become a wildcard, nor two topics
// one subject.
func FuzzSubject(f *testing.F) {
	for _, s := range []string{"homecare/v1/a.b/c/event", "//", "a/./b", "a/>", "*"} {
		f.Add(s, "x/"+s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.ContainsAny(a+b, "+#") {
			t.Skip()
		}
		x, errA := subject(a)
		y, errB := subject(b)
		if errA != nil || errB != nil {
			t.Skip()
		}
		if strings.ContainsAny(x, "*>") {
			t.Errorf("%q became the wildcard %q", a, x)
		}
		if (a == b) != (x == y) {
			t.Errorf("%q is %q and %q is %q", a, x, b, y)
		}
	})
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		have, want string
		ok         bool
	}{
		{"a.b", "a.b", true},
		{"a.*", "a.b", true},
		{"a.*", "a.*", true},
		{"a.>", "a.*.c", true},
		{">", "a", true},
		{"a.b", "a.*", false},
		{"a.*", "a.>", false},
		{"a.*", "a.b.c", false},
		{"a.b.c", "a.b", false},
		{"a.>", "a", false},
		{"a.b", "a.c", false},
	} {
		if got := covers(c.have, c.want); got != c.ok {
			t.Errorf("covers(%q, %q) = %v", c.have, c.want, got)
		}
	}
}

func TestLoginPermissions(t *testing.T) {
	p, err := loginPermissions(device(t, "a.b", "c"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"homecare.v1.a//b.c.telemetry", "homecare.v1.a//b.c.event",
		"homecare.v1.a//b.c.status", "homecare.v1.a//b.c.ack", "shed.a//b.c",
	}
	if !slices.Equal(p.Publish.Allow, want) {
		t.Errorf("publish %q", p.Publish.Allow)
	}
	if want := []string{"homecare.v1.a//b.c.command", "homecare.v1.a//b.c.error", "$MQTT.sub.>"}; !slices.Equal(p.Subscribe.Allow, want) {
		t.Errorf("subscribe %q", p.Subscribe.Allow)
	}
	for _, bad := range []devices.Login{
		{User: "x"},
		{User: "x", Vendor: "*"},
		{User: "x", Vendor: "a", Device: "b/c"},
		{User: "x", Vendor: "a", Device: "a/>"},
		{User: "x", Vendor: "a", Device: "a/b/c"},
	} {
		if p, err := loginPermissions(bad); err == nil {
			t.Errorf("%+v: permissions %+v", bad, p)
		}
	}
}

func TestAllowedID(t *testing.T) {
	dev := device(t, "acme", "b1")
	dev.ClientID = "869123456789012"
	gw := gateway("acme")
	sly := device(t, "acme", "shouwang")
	for _, c := range []struct {
		id    string
		login devices.Login
		ok    bool
	}{
		{"b1", dev, true},
		{"b1~", dev, true},
		{"b1~app/2", dev, true},
		{"acme/b1", dev, true},
		{"acme/b1~2", dev, true},
		{"869123456789012", dev, true},
		{"869123456789012~2", dev, false},
		{"b1x", dev, false},
		{"b2", dev, false},
		{"acme", dev, false},
		{"acme/b2", dev, false},
		{"vendor:acme", dev, false},
		{"shouwang", dev, false},
		{"shouwang~event", dev, false},
		{"vendor:acme", gw, true},
		{"vendor:acme~2", gw, true},
		{"", gw, false}, // the server has filled an empty one in before
		{"~", gw, false},
		{"b1", gw, false},
		{"shouwang", sly, false},
		{"acme/shouwang", sly, true},
	} {
		if got := allowedID(c.id, c.login, "shouwang"); got != c.ok {
			t.Errorf("client id %q of %s: allowed %v", c.id, c.login.User, got)
		}
	}
}
