/** What a new mapping begins with: small, and nearly whole. */
export const FIRST_TEXT = `{
  "entityType": "item",
  "extraction": {
    "mode": "config",
    "table": "",
    "idColumn": "id",
    "cursorColumn": null
  },
  "normalization": {
    "fields": [
      { "source": "id", "target": "id", "required": true }
    ]
  },
  "transformation": {
    "matchKey": "id",
    "fields": [
      { "source": "id", "target": "id" }
    ],
    "target": {}
  }
}
`;
