import { UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconCircleX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Schema } from "~/api/client";
import { plainPath } from "~/api/problem";
import { helpOf } from "~/app/help";
import { HelpLink } from "~/components/Help";
import classes from "./mappings.module.css";

interface JumpProps {
  kind: "error" | "warning";
  /** Of its place in the mapping. */
  path: string;
  onClick: () => void;
  children: ReactNode;
}

/** Something that is wrong, a way to its place in the mapping, and one to what the docs say of that. */
export function Jump({ kind, path, onClick, children }: JumpProps) {
  const part = plainPath(path);
  return (
    <li className={classes.found}>
      <UnstyledButton className={classes.jump} onClick={onClick}>
        {kind === "error" ? (
          <IconCircleX size={15} role="img" aria-label="Error" className={classes.bad} />
        ) : (
          <IconAlertTriangle size={15} role="img" aria-label="Warning" className={classes.warn} />
        )}
        <span>{children}</span>
      </UnstyledButton>
      <HelpLink to={helpOf(`mapping.${part}`) ?? ""} of={part || "mappings"} />
    </li>
  );
}

interface Props {
  errors: readonly Schema<"FieldError">[];
  onJump: (path: string) => void;
}

/** What a record breaks, field by field; each line leads to the rule in the mapping. */
export function FieldErrors({ errors, onJump }: Props) {
  if (errors.length === 0) return null;
  return (
    <ul className={classes.list} aria-label="Errors by field">
      {errors.map((error) => (
        <Jump key={error.path + error.message} kind="error" path={error.path} onClick={() => onJump(error.path)}>
          <b>{error.stage}</b> {error.message} <code>{error.path.replace("$.", "")}</code>
        </Jump>
      ))}
    </ul>
  );
}
