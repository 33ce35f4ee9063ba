package database

import (
	"encoding/base64"
	"strconv"
	"strings"

	"shouwang/devices"
)

// Bounds of a page of a list.
const (
	usualPage   = 100
	longestPage = 1000
)

// Query collects the conditions of one SELECT and their arguments. What a
// caller may see is decided by its conditions, so every list and every look-up
// that is made for a person goes through one.
type Query struct {
	conditions []string
	args       []any
}

// Where adds a condition, in which every ? stands for the next of the values.
func (q *Query) Where(condition string, values ...any) {
	for _, v := range values {
		condition = strings.Replace(condition, "?", q.Arg(v), 1)
	}
	q.conditions = append(q.conditions, condition)
}

// Arg adds an argument and returns its placeholder.
func (q *Query) Arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

// In limits a column to the values, unless there are none.
func In[T ~string](q *Query, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]string, len(values))
	for i, v := range values {
		args[i] = q.Arg(string(v))
	}
	q.Where(column + " IN (" + strings.Join(args, ", ") + ")")
}

// Inside limits a column of area paths to what is one of the roots or lies in
// one. The empty path holds everything, and no root at all holds nothing.
func (q *Query) Inside(column string, roots ...devices.AreaPath) {
	parts := []string{}
	for _, root := range roots {
		if root == "" {
			return
		}
		parts = append(parts, Inside(column, q.Arg(string(root))))
	}
	if len(parts) == 0 {
		q.Where("1 = 0")
		return
	}
	q.Where("(" + strings.Join(parts, " OR ") + ")")
}

// Inside is the condition that a path is an area or lies in it; both are SQL
// expressions. '0' is the byte after '/', so this needs no pattern, and an
// index serves. Paths must be compared byte by byte, as SQLite does and
// PostgreSQL does with the collation "C".
func Inside(path, area string) string {
	return `(` + path + ` = ` + area + ` OR (` + path + ` >= ` + area + ` || '/' AND ` + path + ` < ` + area + ` || '0'))`
}

// SQL is the WHERE clause with a space before it, or nothing.
func (q *Query) SQL() string {
	if len(q.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(q.conditions, " AND ")
}

// Args are the arguments in the order of their placeholders.
func (q *Query) Args() []any { return q.args }

// Limit is how many lines a page has when so many were asked for; 0 is the
// usual number.
func Limit(asked int) int {
	if asked <= 0 {
		return usualPage
	}
	return min(asked, longestPage)
}

// Cursor hides the sort key of the last line of a page.
func Cursor(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

// Key is what Cursor hid, "" for no cursor. Another text is a
// *devices.InputError.
func Key(cursor string) (string, error) {
	key, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", WrongCursor(cursor)
	}
	return string(key), nil
}

// WrongCursor is the error for a cursor that no page gave.
func WrongCursor(cursor string) error {
	return &devices.InputError{Field: "cursor", Value: strings.ToValidUTF8(cursor[:min(len(cursor), 100)], ""), Rule: "must be the next of an earlier page"}
}
