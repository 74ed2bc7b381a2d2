package sqlite_test

import (
	"testing"

	"rollbook/projections/storetest"
)

func TestStore(t *testing.T) { storetest.Stores(t, open) }

func TestEveryModelHasDecidedOnEveryType(t *testing.T) { storetest.Handled(t, open) }
