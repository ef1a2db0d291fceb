-- Which process has a partition's messages in hand. A row that is there when another process takes
-- the partition tells of a death. `position`: the message that was handled alone; `deaths`: of
-- processes that had it alone in hand.
create table custody (
  stage text not null,
  topic text not null,
  partition int not null,
  holder uuid not null,
  position bigint,
  deaths int not null default 0,
  primary key (stage, topic, partition)
);
