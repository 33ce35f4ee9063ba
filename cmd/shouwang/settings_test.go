package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABadSettingIsNamedAsItStandsInTheFile(t *testing.T) {
	const plain = "broker: {plain: true}\n"
	for name, c := range map[string]struct{ file, want string }{
		"good":               {plain, ""},
		"unknown key":        {"mqqt: {url: x}", `unknown key "mqqt.url"`},
		"unknown nested key": {plain + "http: {lisen: ':1'}", `unknown key "http.lisen"`},
		"not a duration":     {plain + "ingest: {age_limit: banana}", `ingest.age_limit: "banana"`},
		"not one of":         {plain + "log: {level: loud}", `log.level: "loud": must be one of`},
		"one of a list":      {plain + "roles: [broker, dancing]", `roles: "dancing"`},
		"out of range":       {plain + "journal: {replay: 200h}", "journal.replay: 200h"},
		"letters":            {plain + "ingest: {dead_letters: -1h}", "ingest.dead_letters: -1h"},
		"no such port":       {plain + "http: {listen: '127.0.0.1:99999'}", `http.listen: "127.0.0.1:99999"`},
		"missing file":       {plain + "series: {store: influxdb, token_file: /no/such/file}", "series.token_file: open /no/such/file"},
		"missing key":        {"log: {level: info}", "broker.tls_cert: missing"},
		"robot's address":    {plain + "notify: {dingtalk: {url_file: /no/such/file}}", "notify.dingtalk.url_file: \"/no/such/file\": read secret"},
		"robot without one":  {plain + "notify: {feishu: {keyword: x}}", "notify.feishu.url_file: missing"},
		"no secret":          {plain + "notify: {webhook: {url: 'http://127.0.0.1:1/'}}", "notify.webhook.secret_file: missing"},
		"too many":           {plain + "notify: {wecom: {url_file: /no, per_minute: 90}}", "notify.wecom.per_minute: \"90\": must lie between 1 and 20"},
		"mail":               {plain + "notify: {smtp: {host: mail.example, from: nobody}}", `notify.smtp.from: "nobody": must be an e-mail address`},
		"gateway":            {plain + "notify: {sms: {file: /no/such/file}}", "notify.sms.file: \"/no/such/file\""},
		"base":               {plain + "notify: {base_url: 'sw.example/x'}", `notify.base_url: "sw.example/x": must be https://`},
		"heart too quick":    {plain + "canary: {every: 1s}", "canary.every: 1s: must be 0 or lie between 10s and 1h"},
		"no second way":      {plain + "canary: {channel: sms}", `canary.channel: "sms": must be a channel that is set under notify`},
		"address of nothing": {plain + "canary: {address: '1'}", `canary.address: "1": needs canary.channel`},
		"no YAML":            {"log: [", "configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "shouwang.yaml")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			code := run(t.Context(), []string{"check-config", "--config", file}, &out, &out)
			if (code == 0) != (c.want == "") || !strings.Contains(out.String(), c.want) {
				t.Errorf("exit code %d: %s", code, out.String())
			}
		})
	}
}

func TestEnvironmentOverFileAndFlagOverEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shouwang.yaml")
	if err := os.WriteFile(file, []byte("broker: {plain: true}\njournal: {replay: 500h}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(more ...string) int {
		var out bytes.Buffer
		return run(t.Context(), append([]string{"check-config", "--config", file}, more...), &out, &out)
	}
	if check() == 0 {
		t.Error("the file does not count")
	}
	t.Setenv("SHOUWANG_JOURNAL_REPLAY", "24h")
	if check() != 0 {
		t.Error("the file stands over the environment")
	}
	if check("--journal-replay", "400h") == 0 {
		t.Error("the environment stands over the flag")
	}
}
