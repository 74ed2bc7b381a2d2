// Package web serves a ledger over HTTP: the interface for programs under
// /api/v1, described by /openapi.json; what says whether the service does well;
// and the pages for people, which are a handler of their own.
//
// What anybody may do is checked in package access, and done in package service.
// Here is the protocol: requests that are too large, too slow or too many, what
// an error looks like, and what a browser is told to refuse.
package web
