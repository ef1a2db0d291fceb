import type { UseFormReturnType } from "@mantine/form";
import { useEffect, useRef, useState } from "react";
import { asProblem } from "~/api/problem";
import { useSession } from "~/api/session";
import { type Draft, draftKey, dropDraft, keepDraft, readDraft } from "~/state/drafts";
import { same } from "~/state/equal";
import { confirm } from "../confirm";
import type { Sides } from "./merge";

/** What a form edits, where its draft is kept. */
export interface Edited<V> {
  kind: string;
  /** Null for a new one. */
  name: string | null;
  /** The ETag of what the form begins with; null for a new one. */
  version: string | null;
  /** Asks for it as it is now, after somebody else was faster. */
  newest: () => Promise<{ values: V; version: string | null }>;
  /** The field whose values are never kept in the browser nor shown. */
  secrets?: keyof V & string;
}

/** What somebody else has stored since, beside what was typed. */
export interface Conflict<V> extends Sides<V> {
  version: string | null;
}

export interface FormDraft<V> {
  /** Of before, until it is taken or thrown away. */
  offer: Draft<V> | null;
  goOn: () => void;
  throwAway: () => void;
  /** All that was typed is kept: nothing is lost by leaving. */
  kept: boolean;
  /** What a save is based on, for `If-Match`. */
  version: string | null;
  conflict: Conflict<V> | null;
  /** Closes the comparison, and puts what came of it into the form. */
  settle: (merged: V | null) => void;
  /** Shows both texts. */
  compare: () => Promise<void>;
  /** The same, after a call that somebody else was faster than. */
  compareIfStale: (error: unknown) => void;
  /** How often the form was filled from elsewhere: fields with a state of their own begin anew. */
  filled: number;
  /** It was saved. */
  drop: () => void;
  secrets: string | undefined;
}

/** Keeps what is typed into a form in this browser until it is saved or thrown away. */
export function useDraft<V extends object>(
  form: UseFormReturnType<V>,
  dirty: boolean,
  edited: Edited<V> | undefined,
): FormDraft<V> {
  const session = useSession().data;
  const key = edited && session && draftKey(session.tenant, session.name, edited.kind, edited.name);
  const secrets = edited?.secrets;
  const [version, setVersion] = useState(edited?.version ?? null);
  const [offer, setOffer] = useState(() => {
    const found = key ? readDraft<V>(key) : null;
    if (!found || same(found.values, form.getValues())) return null;
    // A release before may have had fewer fields.
    const initial = form.getInitialValues();
    return { ...found, base: { ...initial, ...found.base }, values: { ...initial, ...found.values } };
  });
  const [conflict, setConflict] = useState<Conflict<V> | null>(null);
  const [kept, setKept] = useState(false);
  const [filled, setFilled] = useState(0);
  const wrote = useRef(false);
  const { values, getInitialValues } = form;

  useEffect(() => {
    if (!key || offer) return;
    const base = getInitialValues();
    const storable = secrets ? { ...values, [secrets]: base[secrets] } : values;
    if (dirty && !same(storable, base)) {
      const stored = keepDraft<V>(key, { at: Date.now(), version, base, values: storable });
      wrote.current = true;
      setKept(stored && same(storable, values));
    } else {
      if (wrote.current) dropDraft(key);
      wrote.current = false;
      setKept(false);
    }
  }, [key, offer, dirty, values, version, secrets, getInitialValues]);

  const fill = (merged: V) => {
    form.setValues(merged);
    form.clearErrors();
    setFilled((times) => times + 1);
    setOffer(null);
  };
  const drop = () => {
    if (key && !offer) dropDraft(key);
    wrote.current = false;
    setKept(false);
  };
  const compare = async () => {
    if (!edited) return;
    const { values: theirs, version: newest } = await edited.newest();
    setConflict({ base: getInitialValues(), yours: form.getValues(), theirs, version: newest });
  };
  return {
    offer,
    kept,
    version,
    conflict,
    filled,
    secrets,
    drop,
    compare,
    goOn: async () => {
      if (!offer || (dirty && !(await confirm(REPLACE)))) return;
      if (offer.version === version) fill(offer.values);
      else setConflict({ base: offer.base, yours: offer.values, theirs: getInitialValues(), version });
    },
    throwAway: () => {
      if (key) dropDraft(key);
      setOffer(null);
    },
    settle: (merged) => {
      if (conflict && merged) {
        form.setInitialValues(conflict.theirs);
        setVersion(conflict.version);
        fill(merged);
      }
      setConflict(null);
    },
    compareIfStale: (error) => {
      // What is wrong is shown already; the button there asks again.
      if (edited?.name && asProblem(error).status === 412) void compare().catch(() => undefined);
    },
  };
}

const REPLACE = {
  title: "Replace what you typed now?",
  body: "The changes of before take its place.",
  confirm: "Replace",
  danger: true,
};
