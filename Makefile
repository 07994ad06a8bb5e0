# What people do here. `make` alone lists it.

.PHONY: help run test test-here check local-models-test api-test client-test metrics-test crash-test crash-test-servers crash-test-can-fail instances-test image-test measure-start bench bench-growth bench-routes bench-servers profile deny setup docs

help:
	@echo "make run            start Serene on http://127.0.0.1:8000"
	@echo "make test           run the tests on SQLite, PostgreSQL and MariaDB"
	@echo "make check          format, lints and documentation, with warnings as errors"
	@echo "make local-models-test  build with local models, lint that and try them"
	@echo "make api-test       try the whole API against its own OpenAPI document"
	@echo "make client-test    try the published contracts with clients that others wrote"
	@echo "make metrics-test   read the metrics with Prometheus' own parsers"
	@echo "make crash-test     kill the server 200 times and look for what was acknowledged"
	@echo "make crash-test-servers  the same on PostgreSQL and MariaDB"
	@echo "make instances-test run two instances behind nginx, and kill, stop and restart things"
	@echo "make image-test     try the container's file tree without a container engine (needs root)"
	@echo "make measure-start  measure the time to the first answer and the memory at rest"
	@echo "make bench          measure the distance to the least work that could be done"
	@echo "make bench-growth   measure how cost grows with a million rows, and draw it"
	@echo "make bench-servers  the cases of the bench on PostgreSQL and MariaDB"
	@echo "make bench-routes   measure every route and print the table"
	@echo "make profile        show where the time of the case goes that is worst"
	@echo "make deny           check licences, sources and banned crates (needs cargo-deny)"
	@echo "make docs           write the generated pages of docs/ anew"

run:
	cargo run --release

# NO_INSTALL=1 only checks, and says what is missing.
setup:
	@scripts/setup

# The same suite on three engines: SQLite, then PostgreSQL and MariaDB in throwaway servers.
test: setup
	SERENE_TEST_ALL_ENGINES=1 scripts/with-databases $(MAKE) test-here

# With the servers that SERENE_TEST_POSTGRES_URL and SERENE_TEST_MYSQL_URL name.
test-here:
	cargo test --workspace
	SERENE_TEST_ENGINE=postgres cargo test -p serene-server --test it
	SERENE_TEST_ENGINE=mysql cargo test -p serene-server --test it

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p serene-server --test crash --features acknowledge-before-commit -- -D warnings
	cargo clippy -p serene-server --test instances -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# The engine for local models is behind a feature, and so are its tests. The whole workspace each time:
# packages chosen alone would have their dependencies built anew.
LOCAL_MODELS = --workspace --features serene-llm/local-models,serene-server/local-models
local-models-test:
	cargo clippy $(LOCAL_MODELS) --all-targets -- -D warnings
	cargo test $(LOCAL_MODELS) --lib local::
	cargo test $(LOCAL_MODELS) --test local
	cargo test $(LOCAL_MODELS) --bins --test it -- local_model wrong_value

api-test: setup
	scripts/api-test

client-test: setup
	scripts/client-test

metrics-test: setup
	scripts/metrics-test

# ROUNDS=1000 kills it more often, SEED= repeats the choices of a run.
crash-test:
	cargo test -p serene-server --test crash

# The same on PostgreSQL and MariaDB.
crash-test-servers:
	SERENE_TEST_ENGINE=postgres scripts/with-databases cargo test -p serene-server --test crash
	SERENE_TEST_ENGINE=mysql scripts/with-databases cargo test -p serene-server --test crash

# A server that acknowledges before it commits: the test must notice.
crash-test-can-fail:
	CARGO_TARGET_DIR="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/broken" EXPECT=lost \
		cargo test -p serene-server --features acknowledge-before-commit --test crash

# PARTS=1,4 runs some parts alone, SEED= repeats the choices of a run.
instances-test:
	@scripts/setup nginx:nginx-light
	scripts/with-databases cargo test -p serene-server --test instances

image-test:
	scripts/image-test

measure-start:
	scripts/measure-start

# What is measured, and what measures it. ARGS="--quick" takes a minute; ARGS="--json FILE" keeps the
# numbers; SERENE_BIN= measures another binary.
define measure
	cargo build --release -p serene-server
	cargo build --release --locked --manifest-path bench/Cargo.toml
	SERENE_BIN="$${SERENE_BIN:-$${CARGO_TARGET_DIR:-$(CURDIR)/target}/release/serene}" \
		$(2) "$${CARGO_TARGET_DIR:-$(CURDIR)/bench/target}/release/serene-bench" $(1)
endef

bench:
	$(call measure,$(ARGS))

bench-growth:
	$(call measure,growth --plot docs/growth.svg $(ARGS))

bench-routes:
	$(call measure,routes $(ARGS))

bench-servers:
	$(call measure,$(ARGS),scripts/bench-servers)

# CASE="GET entries" profiles that one.
profile:
	@scripts/setup perf:linux-perf
	$(call measure,profile $(if $(CASE),"$(CASE)"))

deny:
	cargo deny check licenses bans sources

docs:
	UPDATE_DOCS=1 cargo test --workspace docs
