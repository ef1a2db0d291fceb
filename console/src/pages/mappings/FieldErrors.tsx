import { UnstyledButton } from "@mantine/core";
import { IconCircleX } from "@tabler/icons-react";
import type { Schema } from "~/api/client";
import classes from "./mappings.module.css";

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
        <li key={error.path + error.message}>
          <UnstyledButton className={classes.jump} onClick={() => onJump(error.path)}>
            <IconCircleX size={15} aria-hidden className={classes.bad} />
            <span>
              <b>{error.stage}</b> {error.message} <code>{error.path.replace("$.", "")}</code>
            </span>
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}
