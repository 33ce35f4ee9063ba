//go:build !unix

package main

// keepPrivate: elsewhere the folder's own access list decides.
func keepPrivate() {}
