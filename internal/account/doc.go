// Package account holds users, teams, membership, roles and invitations.
//
// It may import fault. It must not know tokens or HTTP.
package account
