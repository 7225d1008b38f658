// Package account holds users, teams, membership, roles and invitations.
//
// People makes accounts and checks who somebody is; Teams says who belongs to a
// website and as what. Passwords are argon2id hashes, the secrets of links and
// recovery codes SHA-256 hashes; nothing else of them is kept.
//
// It may import audit, field and fault. It must not know tokens or HTTP.
package account
