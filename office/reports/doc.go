// Package reports puts the answers of the ledger on paper: for each report, which
// columns it has, in which words and in which order, and what of it programs get.
//
// One call makes a [papers.Paper] of an answer, and the paper is written in any
// form; so the command line and pages show the same.
package reports
