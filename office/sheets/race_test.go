//go:build race

package sheets_test

// Excelize writes and reads a template ten times as slowly under the race detector, and all of them in the same
// way. check.sh runs the tests without it as well.
func init() { fewTemplates = true }
