// Package enrich turns the facts of a request into attributes of an event: bot
// or person, browser and system, place, page address, source and channel.
//
// Each step is a function of its inputs alone: ParsePage, Systems.Read, Geo.Find
// and Origins.Of. None depends on another having run before, but for what its
// parameters name.
//
// It may import event, place and referrer. It must not reach the network or a store.
package enrich
