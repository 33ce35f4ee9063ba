// Package access knows who may do what: accounts with their roles and areas,
// sessions and tokens, the table of every route with the roles it is open to,
// and the audit log. It answers "who is calling" and "may they"; dashboard asks
// it on every request and for every live frame.
package access
