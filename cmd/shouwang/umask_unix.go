//go:build unix

package main

import "syscall"

// keepPrivate lets nobody else read the files this process makes: they hold
// names, addresses and health data.
func keepPrivate() { syscall.Umask(0o077) }
