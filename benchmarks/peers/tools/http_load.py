"""CSV -> HTTP with dlt on Arrow tables and parquet load files, 100 records a request."""
import json, os, shutil, threading
URL = os.environ["SINKURL"] + "/items"; CSV = os.environ["CSV"]
D = os.path.join(os.environ["STATE"], "dlt-http"); shutil.rmtree(D, ignore_errors=True); os.makedirs(D)
os.environ["DLT_DATA_DIR"] = D; os.environ["DLT_PROJECT_DIR"] = D
os.environ["NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS"] = "20000"
import dlt, pyarrow as pa, pyarrow.compute as c, pyarrow.csv as pc, requests
tl = threading.local()

def plain(v):  # what dlt hands over as datetime or Decimal
    return v.isoformat() if hasattr(v, "isoformat") else float(v)

def post(items):
    if not hasattr(tl, "s"): tl.s = requests.Session()
    tl.s.post(URL, data=json.dumps(items, default=plain).encode(), headers={"Content-Type": "application/json"}).raise_for_status()

@dlt.destination(batch_size=100, name="http", naming_convention="direct", loader_file_format="parquet")
def sink(items, table):
    post(items.to_pylist() if hasattr(items, "to_pylist") else items)

@dlt.resource(name="item")
def src():
    types = {"price": pa.decimal128(12, 4), "on_hand": pa.float64(), "barcode": pa.string(), "updated_at": pa.string()}
    with pc.open_csv(CSV, read_options=pc.ReadOptions(block_size=8 << 20), convert_options=pc.ConvertOptions(column_types=types, strings_can_be_null=False)) as r:
        for b in r:
            t = pa.Table.from_batches([b]).rename_columns(["code", "name", "group_id"] + b.schema.names[3:])
            put = lambda t, n, a: t.set_column(t.schema.get_field_index(n), n, a)
            t = put(t, "name", c.utf8_trim(t["name"], " ")); t = put(t, "active", c.equal(t["active"], "Y"))
            yield put(t, "price", c.cast(c.round(t["price"], 2, "half_towards_infinity"), pa.decimal128(12, 2)))

info = dlt.pipeline("http", destination=sink).run(src(), loader_file_format="parquet")
print(info); info.raise_on_failed_jobs()
