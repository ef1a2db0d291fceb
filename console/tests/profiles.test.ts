import { expect, it } from "vitest";
import { bodyOf, emptyDraft, labelAt, secretsOf } from "~/pages/profiles/draft";
import { changedAt, type Property } from "~/pages/profiles/schemaForm";

const SCHEMA: Property = {
  properties: {
    config: {
      properties: {
        baseUrl: { type: "string", title: "Base URL of the API" },
        auth: {
          properties: {
            type: { type: "string", default: "none", enum: ["none", "basic"] },
            username: { type: "string", "x-when": { "auth.type": ["basic"] } },
          },
        },
      },
    },
    secrets: { properties: { password: { type: "string", "x-when": { "auth.type": ["basic"] } } } },
  },
};

it("leaves out what is emptied, also the object around it", () => {
  expect(changedAt({ a: { b: "x" } }, ["a", "b"], "")).toEqual({});
  expect(changedAt({}, ["a", "b"], 1)).toEqual({ a: { b: 1 } });
});

it("asks for a secret only where the login needs it, and sends no other", () => {
  const draft = { ...emptyDraft("http"), config: { baseUrl: "u" }, secrets: { password: "p" } };
  expect(secretsOf(draft, SCHEMA)).toEqual([]);
  expect(bodyOf(draft, SCHEMA).secrets).toEqual({});
  const basic = { ...draft, config: { baseUrl: "u", auth: { type: "basic", username: "n" } } };
  expect(bodyOf(basic, SCHEMA).secrets).toEqual({ password: "p" });
  const none = { ...draft, config: { baseUrl: "u", auth: { username: "n" } } };
  expect(bodyOf(none, SCHEMA).config).toEqual({ baseUrl: "u", auth: {} });
});

it("names a field as the form does", () => {
  expect(labelAt(SCHEMA, ["retry", "cap"])).toBe("Longest delay");
  expect(labelAt(SCHEMA, ["config", "baseUrl"])).toBe("Base URL of the API");
  expect(labelAt(SCHEMA, ["active"])).toBeUndefined();
});
