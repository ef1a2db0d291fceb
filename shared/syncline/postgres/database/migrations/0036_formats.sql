-- How a webhook is written to: as a CloudEvent, or as a message of a chat.
alter table subscriptions add column format text not null default 'cloudevents'
  check (format in ('cloudevents', 'slack', 'teams'));
