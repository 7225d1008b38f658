// Package api is the HTTP surface under /api: routes, decoding, the access
// check, encoding, OpenAPI. One file per noun.
//
// Read Route, then Router, then Request and Response. A route is one operation
// with its access rule; the router refuses one without. Handlers get a request
// that is allowed, return a Response or an error, and never see the
// http.ResponseWriter: the envelope, the statuses and the headers are written in
// one place (response.go).
//
// It may import auth, all domain packages, id and fault. It must not import a
// store, and computes nothing.
package api
