//go:build !linux

package main

func freeBytes(string) (int64, error) { return 0, &missingError{"the free space of a disk"} }
