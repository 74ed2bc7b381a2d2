package demo

// WriteSeeded is Write with other people.
var WriteSeeded = writeSeeded
