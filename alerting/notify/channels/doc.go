// Package channels speaks to the providers that carry a message to a person: a
// webhook, the group robots of WeCom, DingTalk and Feishu, SMS and voice calls by
// a provider's HTTP gateway, and e-mail. Each takes its settings, says what is
// wrong with them (Check), and sends one message at a time; how often and in
// which order is for the caller. An error never holds an address, a key or a
// secret: a robot's address is its key.
package channels
