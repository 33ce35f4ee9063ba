package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// The files of a deployment: docker-compose.yml and what it mounts.

const deploy = "../../docs/deploy"

type compose struct {
	Services map[string]struct {
		Image       string
		Build       string
		Restart     string
		Ports       []string
		Environment map[string]string
		Secrets     []string
		Volumes     []string
		Configs     []struct{ Source, Target string }
		Command     []string
		Entrypoint  []string
		Healthcheck struct {
			Test     []string
			Interval string
			Retries  int
		}
	}
	Volumes map[string]any
	Configs map[string]struct{ File string }
	Secrets map[string]struct{ File string }
}

func TestComposeFile(t *testing.T) {
	b, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var c compose
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(c.Services)); !slices.Equal(got, []string{"influxdb", "mosquitto", "shouwang"}) {
		t.Fatalf("services %v", got)
	}
	usedSecrets, usedConfigs := map[string]bool{}, map[string]bool{}
	for name, s := range c.Services {
		if len(s.Healthcheck.Test) < 2 || s.Healthcheck.Interval == "" || s.Healthcheck.Retries == 0 {
			t.Errorf("%s: no complete health check", name)
		}
		if s.Restart == "" {
			t.Errorf("%s: does not start again", name)
		}
		if _, tag, _ := strings.Cut(s.Image, ":"); tag == "" || tag == "latest" {
			t.Errorf("%s: image %q is not pinned", name, s.Image)
		}
		for key, value := range s.Environment {
			secret := strings.Contains(key, "PASSWORD") || strings.Contains(key, "TOKEN") || strings.Contains(key, "SECRET")
			if file, ok := strings.CutPrefix(value, "/run/secrets/"); secret && (!strings.HasSuffix(key, "_FILE") || !ok || !slices.Contains(s.Secrets, file)) {
				t.Errorf("%s: %s must name one of the service's secret files", name, key)
			}
		}
		for _, secret := range s.Secrets {
			usedSecrets[secret] = true
		}
		for _, config := range s.Configs {
			usedConfigs[config.Source] = true
		}
		if len(s.Volumes) == 0 {
			t.Errorf("%s: keeps nothing", name)
		}
		for _, volume := range s.Volumes {
			if source, _, _ := strings.Cut(volume, ":"); !hasKey(c.Volumes, source) {
				t.Errorf("%s: volume %q is not declared", name, source)
			}
		}
		for _, port := range s.Ports {
			if port != "8883:8883" && port != "8443:8443" {
				t.Errorf("%s: publishes %s, which has no TLS", name, port)
			}
		}
	}
	for secret := range usedSecrets {
		if !hasKey(c.Secrets, secret) {
			t.Errorf("secret %s is not declared", secret)
		}
	}
	for config := range usedConfigs {
		if !hasKey(c.Configs, config) {
			t.Errorf("config %s is not declared", config)
		}
	}
	for name, config := range c.Configs {
		if _, err := os.Stat(filepath.Join("../..", config.File)); err != nil {
			t.Errorf("config %s: %v", name, err)
		}
	}
	made := makeSecrets(t)
	for name, secret := range c.Secrets {
		if filepath.Dir(secret.File) != "docs/deploy/secrets" {
			t.Errorf("secret %s: %s lies where make-secrets.sh does not write", name, secret.File)
		}
		if info, err := os.Stat(filepath.Join(made, filepath.Base(secret.File))); err != nil || info.Size() < 32 {
			t.Errorf("secret %s: make-secrets.sh does not make it: %v", name, err)
		}
	}
}

func hasKey[V any](m map[string]V, key string) bool { _, ok := m[key]; return ok }

func TestMakeSecrets(t *testing.T) {
	dir := makeSecrets(t)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder of secrets is open to others: %v, %v", info, err)
	}
	first := read(t, filepath.Join(dir, "influxdb_token"))
	if other := read(t, filepath.Join(makeSecrets(t), "influxdb_token")); other == first {
		t.Error("two runs made the same token")
	}
	// Again, in the same folder: what is there is kept.
	key := read(t, filepath.Join(dir, "server.key"))
	runSecrets(t, dir)
	if read(t, filepath.Join(dir, "influxdb_token")) != first || read(t, filepath.Join(dir, "server.key")) != key {
		t.Error("a second run replaced secrets")
	}
}

// makeSecrets runs docs/deploy/make-secrets.sh into a folder of its own.
func makeSecrets(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	runSecrets(t, dir)
	return dir
}

func runSecrets(t *testing.T, dir string) {
	t.Helper()
	need(t, "openssl")
	cmd := exec.Command(filepath.Join(deploy, "make-secrets.sh"), "localhost")
	cmd.Env = append(os.Environ(), "SECRETS_DIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make-secrets.sh: %v\n%s", err, out)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// need skips the test without the program, or fails it in CI.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("%s is not installed", program)
	}
}
