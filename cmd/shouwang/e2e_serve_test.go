package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell runs the binary to its end.
func shell(t *testing.T, env []string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(theBinary(t), args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = t.TempDir()
	timer := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	b, err := cmd.CombinedOutput()
	return string(b), exitCode(err)
}

func TestServe(t *testing.T) {
	room := emptyRoom(t, 0, 0)
	config := read(t, filepath.Join(filepath.Dir(room.proc.cmd.Args[3]), filepath.Base(room.proc.cmd.Args[3])))

	check := func(what, text string, env []string, wantCode int, wants []string, flags ...string) {
		t.Helper()
		file := fileWith(t, "shouwang.yaml", text)
		for _, command := range []string{"check-config", "serve"} {
			if command == "serve" && wantCode == 0 {
				continue
			}
			out, code := shell(t, env, append([]string{command, "--config", file}, flags...)...)
			if code != wantCode {
				t.Errorf("%s, %s: exit %d, want %d\n%s", what, command, code, wantCode, out)
			}
			for _, want := range wants {
				if !strings.Contains(out, want) {
					t.Errorf("%s, %s: %q is not in\n%s", what, command, want, out)
				}
			}
		}
	}
	check("good", config, nil, 0, []string{"configuration is good"})
	check("unknown key", config+"sirens: {loud: true}\n", nil, 2, []string{"sirens.loud", "unknown key"})
	check("unknown key in a group", "broker: {plain: true, plian: true}\n", nil, 2, []string{"broker.plian", "unknown key"})
	check("bad value", config+"journal: {replay: 200h}\n", nil, 1, []string{"journal.replay", "200h", "168h"})
	check("no number", "broker: {plain: true, max_store_mb: plenty}\n", nil, 2, []string{"max-store-mb", "plenty"})
	check("no YAML", "data: [\n", nil, 2, []string{"shouwang.yaml"})
	check("no TLS and not plain", "broker: {plain: false}\n", nil, 1, []string{"broker.tls_cert"})

	// Environment over file, flag over environment.
	bad, good := "broker: {plain: true, max_store_mb: 1}\n", "broker: {plain: true, max_store_mb: 64}\n"
	env := func(v string) []string { return []string{"SHOUWANG_BROKER_MAX_STORE_MB=" + v} }
	check("file", bad, nil, 1, []string{"broker.max_store_mb: 1:"})
	check("environment over a bad file", bad, env("64"), 0, nil)
	check("bad environment over a good file", good, env("2"), 1, []string{"broker.max_store_mb: 2:"})
	check("flag over a bad environment", good, env("2"), 0, nil, "--broker-max-store-mb=65")
	check("bad flag over all", good, env("64"), 1, []string{"broker.max_store_mb: 3:"}, "--broker-max-store-mb=3")

	// One folder, one process.
	if out, code := shell(t, nil, "serve", "--data", room.dir, "--broker-plain", "--broker-listen", freeAddress(t), "--http-listen", freeAddress(t)); code == 0 || !strings.Contains(out, room.dir) {
		t.Errorf("a second process on the folder: exit %d\n%s", code, out)
	}
	if out, code := shell(t, nil, "serve", "--data", t.TempDir(), "--broker-plain", "--broker-listen", freeAddress(t), "--http-listen", strings.TrimPrefix(room.http, "http://")); code == 0 || !strings.Contains(out, "http.listen") {
		t.Errorf("an address in use: exit %d\n%s", code, out)
	}

	// An administrator entered from the machine signs in, while the service runs.
	password := addUser(t, theBinary(t), room.dir, "root")
	if out, code := shell(t, nil, "user", "add", "--data", room.dir, "root"); code == 0 {
		t.Errorf("the same user twice: exit %d\n%s", code, out)
	}
	root := &api{t: t, base: room.http}
	if status, _, _ := root.call("POST", "/api/v1/session", map[string]string{"username": "root", "password": "no" + password}, nil); status != http.StatusUnauthorized {
		t.Errorf("wrong password: %d", status)
	}
	if status, _, _ := root.call("GET", "/api/v1/alerts", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", status)
	}
	var me struct{ Role string }
	root.must(http.StatusOK, "POST", "/api/v1/session", map[string]string{"username": "root", "password": password}, &me)
	if me.Role != "administrator" {
		t.Errorf("signed in as %q", me.Role)
	}
	root.must(http.StatusOK, "GET", "/api/v1/users", nil, nil)
	root.must(http.StatusOK, "GET", "/readyz", nil, nil)

	room.proc.stop(t)
	room.proc = room.restart()
	root.must(http.StatusOK, "GET", "/api/v1/session", nil, &me) // the session outlives the process
	if strings.Contains(read(t, room.proc.stderr), password) {
		t.Error("the password is in the log")
	}
	room.proc.stop(t)
}
