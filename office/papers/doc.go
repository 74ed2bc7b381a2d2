// Package papers writes what an office hands in: one small model of a document,
// and a writer for each form in which it leaves the program: a table for a
// terminal, CSV, an Excel workbook, and PDF in the official form.
//
// A [Paper] knows nothing of figures. Whoever has some puts them into one (package
// reports does, for every report of the ledger); then they come out alike in every
// form, and each form carries from where they were answered: the day, what was
// known, how far the log had come, and its root at that place.
//
// The libraries for workbooks and PDF are known here and nowhere else.
package papers
