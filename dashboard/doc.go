// Package dashboard is the way in for people and their programs: the HTTP API
// (its OpenAPI document is made from the Go types), the live websocket and the
// page. It holds no state of its own; every answer and every live frame is
// narrowed to the caller's scope, and every route goes through the table of
// dashboard/access.
package dashboard
