// Package sheets reads the office's own sheets, workbooks (XLSX) and CSV, into
// events, and writes template and result workbooks.
//
// A sheet is recognised by its headers, in Vietnamese with or without marks, or
// in English; see [Kinds]. Its rows are given to the ledger's ordinary import,
// one at a time and in their order, so a dry run, an atomic import, progress and
// interruption are the same as for events. What a row says is put into events
// when its turn has come: only then is it known whose card a number is.
//
// Nothing is guessed. A day is never read as month and day, nobody is found by
// name alone, a group with two meanings is refused with both. What is not taken
// in is reported: rows that are skipped, columns that are not understood, formulas
// of which the last value counts.
//
// A file comes from outside. It is opened only within [Limits], which are counted
// while it is read: sizes that it declares of itself are not trusted. XML with a
// document type is refused; macros, links and pictures are not looked at. Rows
// stream: what is in memory is the packed file, the workbook's common texts and
// one row. Errors name cells and never repeat what is in them. Nothing is written
// to temporary files.
//
// Workbooks are read here and not by excelize, which writes them: its row
// iterator tells neither formulas nor errors nor fonts, and keeps a large sheet
// in a temporary file, in clear.
package sheets
