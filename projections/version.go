package projections

import (
	"strings"

	"rollbook/domain"
)

//go:generate go run ./gen ../domain . -o version_generated.go

// Version names what the rows mean: a hash of the code that makes and reads them,
// the domain's rules with it, and the event types by which entries are numbered.
// Comments and tests do not count. A program with another version makes its own
// read models from the log, beside those that are there.
func Version() string { return code + " " + strings.Join(domain.Types(), " ") }
