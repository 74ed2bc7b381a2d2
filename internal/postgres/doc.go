// Package postgres is what the read models and the keyring share of PostgreSQL:
// how a database is named and reached, what its errors mean, which of them are
// worth another try, and how its tables come to be.
//
// No error of this package, and none that has passed through it, holds a
// password. PostgreSQL has to be version 15 or newer, and the database in UTF-8.
package postgres
