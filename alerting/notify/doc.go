// Package notify brings notices to people: it reads the outbox, says what a
// notice says in the person's language, and hands it to the channels the person
// has, in their order, until one has taken it. How a channel speaks to its
// provider is in the packages below it; where the outbox lies is in
// alerting/store.
package notify
