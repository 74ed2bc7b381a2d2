tool = go tool -modfile=tools.mod
FUZZTIME ?= 5m

.PHONY: check format fuzz bench vulncheck tools

# Everything that must pass before a commit.
check:
	./check.sh

format:
	$(tool) golangci-lint fmt

# Every fuzz target in turn, for longer than check does.
fuzz:
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed -E 's|/[^/]*:func | |' | sort | \
	while read -r folder name; do \
		echo "$$folder $$name"; \
		go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) "$$folder" </dev/null || exit 1; \
	done

bench:
	go test -run '^$$' -bench . -benchmem ./...

# Known vulnerabilities in what we link. Reads a database over the network, and so is no part of
# check: a machine without that network must not fail, nor pass unchecked.
vulncheck:
	$(tool) govulncheck ./...

# Builds the tools once, so that the next check starts at once.
tools:
	$(tool) gofumpt -version
	$(tool) golangci-lint version
	$(tool) govulncheck -version
	$(tool) staticcheck -version
