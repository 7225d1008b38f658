// Package analytics is the query model: what can be asked, how a question is
// checked, and what an answer holds. Every surface asks through it, so that
// numbers can never disagree between places.
//
// Read Query and Result, then Filter, Range and Engine. What each metric means is
// written as a program in analytics/reference.
//
// It may import site, event, place, referrer and fault. It must not contain SQL
// or HTTP.
package analytics
