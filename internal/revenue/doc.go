// Package revenue is money: payments, refunds, renewals and trials, currencies
// and their rates, and the rules by which a payment finds its visitor.
//
// Read Payment, then Service.Record and resolve. Which session a payment is
// credited to is decided when a question is asked, by the model asked for
// (store/sqlgen, money.go); here it is settled whose payment it is and from which
// moment the model looks back.
//
// It may import site, event, id and fault. It must not define a second query path.
package revenue
