/* A file of the self-test. */
#pragma once
