package sqlite_test

import (
	"testing"

	"rollbook/projections/storetest"
)

func TestStore(t *testing.T) { storetest.Stores(t, open) }
