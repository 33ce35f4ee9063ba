package main

import (
	"fmt"
	"os"
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

// readConfig flattens the YAML file to flag names.
func readConfig(file string) (map[string]any, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	var root map[string]any
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", file, err)
	}
	values := map[string]any{}
	if err := flatten(values, "", root); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", file, err)
	}
	return values, nil
}

func flatten(into map[string]any, prefix string, node map[string]any) error {
	for key, value := range node {
		if strings.Contains(key, "-") {
			return fmt.Errorf("unknown key %q: keys are written with _", dotted(prefix+key))
		}
		name := prefix + strings.ReplaceAll(key, "_", "-")
		switch v := value.(type) {
		case map[string]any:
			if err := flatten(into, name+"-", v); err != nil {
				return err
			}
		case []any:
			words := make([]string, len(v))
			for i, w := range v {
				words[i] = fmt.Sprint(w)
			}
			into[name] = strings.Join(words, ",")
		case nil:
			into[name] = ""
		default:
			into[name] = fmt.Sprint(v)
		}
	}
	return nil
}

// dotted is the key of a flag as people write it in the file. Which dashes are
// groups is not known here, so it names the flag's words.
func dotted(flag string) string { return strings.ReplaceAll(flag, "-", ".") }

type configResolver struct {
	file   string
	values map[string]any
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
	for name := range r.values {
		if !known[name] {
			unknown = append(unknown, fmt.Sprintf("%q", dotted(name)))
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
	value, ok := r.values[flag.Name]
	if !ok {
		return nil, nil
	}
	return value, nil
}
