package devices

import "time"

// Standing is how things stand with a device, as known at one time: what is asked
// of every message. Device and Resident are shared and must not be changed.
type Standing struct {
	Device *Device
	// Resident is to whom the device is assigned, nil for nobody; without phone,
	// address, year of birth and contacts.
	Resident *Resident
	// Away says that an announced absence of the resident covers the time.
	Away bool
	// Withheld are the types of data that must not be taken from the device: those
	// its resident does not agree to. A device that nobody has tells of nobody.
	Withheld Withheld
	// WatchedSince is from when on the resident is watched over again; zero for one
	// who always was, or is not.
	WatchedSince time.Time
}
