package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v4"
)

// configFile is the flag --config. Its keys are the flags of the chosen command,
// nested by group and with underscores: `mqtt: {password_file: …}` is
// --mqtt-password-file.
type configFile string

// BeforeResolve reads the file when the flag is given and lets its values stand
// for flags that are given neither on the command line nor in the environment.
func (f configFile) BeforeResolve(_ *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	file := string(ctx.FlagValue(trace.Flag).(configFile)) //nolint:forcetypeassert // the flag's own type
	values, err := readConfig(file)
	if err != nil {
		return err
	}
	ctx.AddResolver(&configResolver{file: file, values: values})
	return nil
}

// setting is one value of the file, and its key as written there.
type setting struct{ key, value string }

// readConfig flattens the YAML file to flag names.
func readConfig(file string) (map[string]setting, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	var root map[string]any
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", file, err)
	}
	values := map[string]setting{}
	if err := flatten(values, "", root); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", file, err)
	}
	return values, nil
}

func flatten(into map[string]setting, path string, node map[string]any) error {
	for key, value := range node {
		key = path + key
		if strings.Contains(key, "-") {
			return fmt.Errorf("unknown key %q: keys are written with _", key)
		}
		name := strings.NewReplacer("_", "-", ".", "-").Replace(key)
		switch v := value.(type) {
		case map[string]any:
			if err := flatten(into, key+".", v); err != nil {
				return err
			}
		case []any:
			words := make([]string, len(v))
			for i, w := range v {
				words[i] = fmt.Sprint(w)
			}
			into[name] = setting{key, strings.Join(words, ",")}
		case nil:
			into[name] = setting{key, ""}
		default:
			into[name] = setting{key, fmt.Sprint(v)}
		}
	}
	return nil
}

type configResolver struct {
	file   string
	values map[string]setting
}

var _ kong.Resolver = (*configResolver)(nil)

// Validate refuses keys that are no setting.
func (r *configResolver) Validate(app *kong.Application) error {
	known := map[string]bool{}
	err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	var unknown []string
	for name, s := range r.values {
		if !known[name] {
			unknown = append(unknown, fmt.Sprintf("%q", s.key))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("configuration %s: unknown key %s", r.file, strings.Join(unknown, ", "))
	}
	return nil
}

// Resolve gives the file's value for a flag, unless the environment has one:
// kong itself would let the file stand over it.
func (r *configResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return nil, nil
		}
	}
	s, ok := r.values[flag.Name]
	if !ok {
		return nil, nil
	}
	// kong would name the flag; whoever wrote the file looks for the key.
	scratch := reflect.New(flag.Target.Type()).Elem()
	if err := flag.Parse(kong.Scan().PushTyped(s.value, kong.FlagValueToken), scratch); err != nil {
		return nil, fmt.Errorf("configuration %s: %s: %q: %w", r.file, s.key, s.value, err)
	}
	if flag.Enum != "" {
		for word := range strings.SplitSeq(s.value, ",") {
			if !flag.EnumMap()[word] {
				return nil, fmt.Errorf("configuration %s: %s: %q: must be one of %s", r.file, s.key, word, flag.Enum)
			}
		}
	}
	return s.value, nil
}
