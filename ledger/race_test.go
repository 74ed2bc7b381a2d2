//go:build race

package ledger_test

import "flag"

// The race detector makes a run of a property some ten times as slow, and finds nothing in the
// hundredth that it did not find in the tenth. check.sh runs the properties without it as well.
func init() {
	fewHistories = true
	if err := flag.Set("rapid.checks", "8"); err != nil {
		panic(err)
	}
}
