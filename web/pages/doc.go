// Package pages is what people see of a ledger in a browser: figures, members,
// forms, imports, proofs, in Vietnamese and English.
//
// The pages stand on package service, which checks rights, and check none
// themselves; what a visitor may do decides only which doors are shown. Every page
// is whole without JavaScript. With it, htmx swaps a part of the page by the same
// part of the same answer, and charts are drawn over the tables beside them. All
// scripts, styles and fonts are embedded files of this origin, so the strictest
// policy for contents holds: nothing inline, nothing evaluated, nothing from
// elsewhere.
//
// Personal data stand in bodies of answers that are not to be stored, and never
// in an address, a title or a file name: names are searched for by POST, and a
// member's page has the opaque id in both.
//
// One file holds one page; texts are in catalogue, a file for each language.
package pages
