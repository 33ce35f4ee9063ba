// Package simulate makes up a county: its areas and residents, the meters and
// wristbands they have, what those measure, and what happens to people, with
// the truth told beside it. Everything is a function of a seed and of time, so
// any part of a device's stream can be made at any moment and is the same each
// time: history and live readings join without a seam, and a restarted demo goes
// on where it stopped. It shares no code with the detectors that judge it.
package simulate
