package influx

import (
	"strconv"
	"strings"
	"unicode"

	"shouwang/devices"
	"shouwang/ingest"
)

// Escapes of the line protocol. A backslash is only special before a
// character that could be escaped; it cannot itself be escaped in a name.
var (
	escapeMeasurement = strings.NewReplacer(",", `\,`, " ", `\ `)
	escapeTag         = strings.NewReplacer(",", `\,`, " ", `\ `, "=", `\=`)
	escapeString      = strings.NewReplacer(`"`, `\"`, `\`, `\\`)
)

// plain says that a name needs no escaping and no second look, which is so of
// nearly all.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '-' <= c && c <= '9', c == '_': // - . / and digits
		default:
			return false
		}
	}
	return true
}

func escaped(s string, escape *strings.Replacer) string {
	if plain(s) {
		return s
	}
	return escape.Replace(s)
}

// unwritable says why the line protocol cannot carry the reading, "" when it
// can.
func unwritable(r *devices.Reading) string {
	if why := ingest.Unstorable(*r); why != "" {
		return why
	}
	if plain(string(r.Metric)) && plain(string(r.Device)) && plain(string(r.Quality)) {
		return ""
	}
	metric, device := string(r.Metric), string(r.Device)
	if strings.ContainsFunc(metric+device+string(r.Quality), unicode.IsControl) {
		return "InfluxDB cannot hold control characters in names"
	}
	if strings.HasSuffix(metric, `\`) || strings.HasSuffix(device, `\`) {
		return "InfluxDB cannot hold a name that ends in a backslash"
	}
	// It would drop the backslash, and store the reading under another name.
	if strings.Contains(metric, `\,`) || strings.Contains(metric, `\ `) || strings.Contains(metric, `\=`) {
		return "InfluxDB cannot hold a metric with a backslash before a comma, a space or an equals sign"
	}
	if strings.HasPrefix(metric, "#") {
		return "InfluxDB takes a metric that begins with # for a comment"
	}
	return ""
}

// appendLine appends the reading in line protocol, without a newline, its time
// in microseconds.
func appendLine(b []byte, r *devices.Reading) []byte {
	b = append(b, escaped(string(r.Metric), escapeMeasurement)...)
	b = append(b, ",device="...)
	b = append(b, escaped(string(r.Device), escapeTag)...)
	b = append(b, " value="...)
	b = strconv.AppendFloat(b, r.Value, 'g', -1, 64)
	if !r.Received.IsZero() {
		b = append(b, ",received="...)
		b = strconv.AppendInt(b, r.Received.UnixMicro(), 10)
		b = append(b, 'i')
	}
	if r.Quality != "" {
		b = append(b, `,quality="`...)
		b = append(b, escaped(string(r.Quality), escapeString)...)
		b = append(b, '"')
	}
	b = append(b, ' ')
	return strconv.AppendInt(b, r.At.UnixMicro(), 10)
}

// quote makes a Flux string literal. Whatever could end it or begin an
// expression in it is written as its bytes in hex.
func quote(s string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == 0x7f || strings.IndexByte("\"\\$", c) >= 0:
			b.WriteString(`\x`)
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
