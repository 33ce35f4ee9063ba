package channels

import (
	"bytes"
	"crypto/md5" //nolint:gosec // gateways ask for it; nothing of ours rests on it
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"time"
)

// maxMade is how much one template may make, in bytes.
const maxMade = 32 << 10

// fields is what a template of a gateway may use.
type fields struct {
	To       string // as entered for the person
	National string // To without +86, 0086 and signs: 13800138000
	E164     string // To with its country: +8613800138000
	Title    string
	Text     string
	Voice    string
	URL      string
	Key      string // the same whenever the message is sent again
	ID       string // Key as a short word of letters and digits
	Severity string
	Reason   string
	Language string
	At       time.Time // of the notice
	Now      time.Time // of the request
	Params   map[string]string
	Secrets  map[string]string
	Values   map[string]string // the settings' Values, filled in
}

// functions are all a template may call beside comparisons. What could be used
// to make much of little, such as printf's widths, is not among them.
func functions() template.FuncMap {
	return template.FuncMap{
		"json": func(v string) (string, error) { // a JSON string, with its quotes
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			err := e.Encode(v)
			return strings.TrimSuffix(b.String(), "\n"), err
		},
		"query":  url.QueryEscape,
		"cut":    func(runes int, v string) string { r := []rune(v); return string(r[:min(max(runes, 0), len(r))]) },
		"unix":   func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) },
		"millis": func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) },
		"date":   func(layout string, t time.Time) string { return t.UTC().Format(layout) },
		"base64": func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) },
		"md5":    func(v string) string { s := md5.Sum([]byte(v)); return hex.EncodeToString(s[:]) }, //nolint:gosec // as above
		"sha256": func(v string) string { return hexSHA256([]byte(v)) },
		"hmac": func(key, v string) string {
			return hex.EncodeToString(hmacSHA256([]byte(key), v))
		},
		"upper": strings.ToUpper,
		"lower": strings.ToLower,
		"join":  func(v ...string) string { return strings.Join(v, "") },
	}
}

// builtIn are the template language's own words that are allowed.
var builtIn = map[string]bool{"eq": true, "ne": true, "and": true, "or": true, "not": true, "index": true, "len": true}

// parseTemplate reads a template and refuses what it may not hold: loops,
// further templates, and any function but the few above.
func parseTemplate(name, text string) (*template.Template, error) {
	own := functions()
	t, err := template.New(name).Option("missingkey=error").Funcs(own).Parse(text)
	if err != nil {
		return nil, err
	}
	if len(t.Templates()) > 1 {
		return nil, errors.New("no further templates may be defined")
	}
	if t.Tree == nil {
		return t, nil
	}
	var walk func(n parse.Node) error
	walkList := func(l *parse.ListNode) error {
		if l == nil {
			return nil
		}
		for _, n := range l.Nodes {
			if err := walk(n); err != nil {
				return err
			}
		}
		return nil
	}
	walk = func(n parse.Node) error {
		switch n := n.(type) {
		case *parse.ActionNode:
			return walk(n.Pipe)
		case *parse.IfNode:
			return errors.Join(walk(n.Pipe), walkList(n.List), walkList(n.ElseList))
		case *parse.PipeNode:
			for _, c := range n.Cmds {
				if err := walk(c); err != nil {
					return err
				}
			}
		case *parse.CommandNode:
			for _, a := range n.Args {
				if err := walk(a); err != nil {
					return err
				}
			}
		case *parse.IdentifierNode:
			if own[n.Ident] == nil && !builtIn[n.Ident] {
				return fmt.Errorf("function %s is not allowed", n.Ident)
			}
		case *parse.ChainNode:
			return walk(n.Node)
		case *parse.TextNode, *parse.CommentNode, *parse.FieldNode, *parse.DotNode, *parse.VariableNode,
			*parse.StringNode, *parse.NumberNode, *parse.BoolNode, *parse.NilNode:
		default:
			return errors.New("only values, functions and if are allowed")
		}
		return nil
	}
	return t, walkList(t.Root)
}

// errMade says that a template makes too much.
var errMade = fmt.Errorf("makes more than %d bytes", maxMade)

// capped takes up to maxMade bytes.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxMade {
		return 0, errMade
	}
	return c.Buffer.Write(p)
}

func fill(t *template.Template, f fields) (string, error) {
	var b capped
	if err := t.Execute(&b, f); err != nil {
		return "", err
	}
	return b.String(), nil
}

// phone splits a number into its national form and E.164. A number without
// country is one of the mainland.
func phone(to string) (national, e164 string) {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, to)
	foreign := strings.HasPrefix(strings.TrimSpace(to), "+")
	if rest, ok := strings.CutPrefix(digits, "00"); ok && !foreign {
		digits, foreign = rest, true
	}
	if foreign {
		if rest, ok := strings.CutPrefix(digits, "86"); ok {
			return rest, "+" + digits
		}
		return digits, "+" + digits
	}
	return digits, "+86" + digits
}
