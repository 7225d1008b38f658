// Package ingest turns requests of the tracker into stored events.
//
// An event is acknowledged only after its batch is committed. Read Accept, then
// the list of steps, then Committer.
//
// It may import event, enrich, place, site, id and fault. It must not know an
// engine or answer a query: what is stored is read through package analytics.
package ingest
