// Package auth goes from a credential to a principal and holds the one decision
// "may this principal do this on that website".
//
// Read Permission, Rule, Principal, then Decide; DESIGN.md says why it is built
// so. Decide is pure: the caller gathers the facts, the answer is an error with
// its code or none. Nothing else in the program compares a role or a permission.
//
// It may import account, site, audit, id and fault. It must not parse routes and
// knows neither HTTP nor SQL.
package auth
